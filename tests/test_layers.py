"""Imports go one way (docs/design.md); heavy libraries stay out of what `rca --help` imports."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = [
    {"rca", "errors"},
    {"encoding", "whole_file"},
    {"yaml_file"},
    {"collect", "stats", "config"},
    {"sim"},
    {"envs"},
    {"td3"},
    {"build"},
    {"probes", "faults", "wiring"},
    {"runs"},
    {"checking"},
    {"judging"},
    {"foreign"},
    {"seed_stages"},
    {"audit", "diagnosis"},
    {"study"},
    {"bench"},
    {"report"},
    {"attach", "preflight"},
    {"cli"},
    {"__main__"},
]
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
FILES = sorted((ROOT / "rca").rglob("*.py"))


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "rca"


def imported(path: Path) -> Iterator[str]:
    """Every rca module that a file imports, wherever in the file it does so."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "rca")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "rca":
            is_top = node.module == "rca"
            yield from (f"rca.{a.name}" if is_top else str(node.module) for a in node.names)


def violations(path: Path, own: str) -> list[str]:
    rooms = {room_of(name) for name in imported(path)} - {"__version__"}
    return sorted(room for room in rooms if RANK[room] > RANK[own])


FACADE = ROOT / "rca" / "__init__.py"
"""Names the exports of later rooms for type checkers; at run time it imports them when asked."""


@pytest.mark.parametrize(
    "path", [p for p in FILES if p != FACADE], ids=lambda p: str(p.relative_to(ROOT))
)
def test_a_room_imports_only_rooms_before_it(path):
    module = path.relative_to(ROOT).with_suffix("").parts
    own = module[1] if len(module) > 1 and module[1] != "__init__" else "rca"
    assert violations(path, own) == []


def test_the_walk_sees_a_planted_violation(tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text("def late():\n    from rca.cli import main\n    return main\n")
    assert violations(bad, "config") == ["cli"]


def test_checks_see_records_only():
    seen = {room_of(name) for path in (ROOT / "checks").glob("*.py") for name in imported(path)}
    rooms = {"checking", "judging", "foreign", "seed_stages", "runs", "wiring", "stats", "config"}
    assert seen <= rooms


def test_the_simulator_knows_neither_torch_nor_the_client():
    heavy = {"torch", "carla", "pandas"}
    code = f"import sys, rca.sim.__main__; print(sorted({heavy} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_help_imports_no_heavy_library():
    heavy = {"torch", "carla", "pandas", "matplotlib", "numpy", "pydantic.main", "gymnasium"}
    code = f"import sys, rca.cli; print(sorted({heavy} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_package_itself_loads_nothing_heavy():
    code = "import sys, rca; print(sorted({'torch', 'pandas', 'carla'} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
