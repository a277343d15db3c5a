"""The wheel holds what a user needs, and works away from the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = out.glob("*.whl")
    return path


def test_only_one_import_name_is_taken(wheel):
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert tops == {"rca", f"td3_rca-{wheel.name.split('-')[1]}.dist-info"}


def test_checks_presets_and_templates_are_in_it(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    checks = {f"rca/_checks/{path.name}" for path in (ROOT / "checks").glob("*.py")}
    data = {str(p.relative_to(ROOT)) for p in (ROOT / "rca").rglob("*") if is_data(p)}
    assert checks | data <= names
    assert any(name.endswith(".jinja") for name in data)


def is_data(path):
    return path.is_file() and path.suffix not in (".py", ".pyc")


def test_it_answers_away_from_the_checkout(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "results.json").write_text(
        '{"total_timesteps": 30, "training_rewards": [-1.0, -2.0]}'
    )
    code = "import rca, sys; from rca.cli import main; print(rca.__file__); main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "check", "logs", "--only", "run.*"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith(str(tmp_path / "site"))
    assert "run.readable" in done.stdout, done.stderr
    assert done.returncode in (1, 3)
