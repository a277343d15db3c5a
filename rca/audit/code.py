"""What a folder of Python code reads of its configs; the code is parsed, never imported."""

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rca.audit.program import Found, Program
from rca.audit.reader import Reader
from rca.audit.trace import Access
from rca.errors import UsageError

MAX_BYTES = 2_000_000
"""A larger Python file is data."""
MAX_FILES = 3_000
ROUNDS = 4
"""Times the code is walked: each hands what a caller gives one call further down."""
FOREIGN = {"node_modules", "site-packages", "__pycache__", "build", "dist", "venv"}
"""Folders of code that is not the project's own."""


@dataclass
class Code:
    """What some code does with its configs.

    Attributes:
        found: Reads, parts that are handed on whole, names that are used.
        files: Number of files that were parsed.
        problems: One line per file that could not be.
    """

    found: Found
    files: int
    problems: list[str] = field(default_factory=list)


def read_code(folder: Path) -> Code:
    """Returns what the Python files of a folder, or one file, read of their configs.

    Raises:
        UsageError: No such path, no Python file below it, none that can be parsed, or too many.
    """
    if not folder.exists():
        raise UsageError(f"{folder}: no such file or folder; give the code that reads the config")
    paths = [folder] if folder.is_file() else sorted(_python_files(folder))
    if not paths:
        raise UsageError(f"{folder}: no Python file in it; give the code that reads the config")
    if len(paths) > MAX_FILES:
        raise UsageError(f"{folder}: more than {MAX_FILES:,} Python files; give the trainer's own")
    problems: list[str] = []
    trees = {path: tree for path in paths if (tree := _parse(path, problems)) is not None}
    if not trees:
        raise UsageError(f"no file can be parsed: {problems[0]}")
    return Code(_walk(trees, problems), len(trees), problems)


def _python_files(folder: Path) -> Iterator[Path]:
    try:
        entries = list(folder.iterdir())
    except OSError as error:
        raise UsageError(f"{folder}: cannot be read: {error}") from error
    for entry in entries:
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_dir():
            is_venv = (entry / "pyvenv.cfg").exists()
            yield from () if entry.name in FOREIGN or is_venv else _python_files(entry)
        elif entry.suffix == ".py":
            yield entry


def _parse(path: Path, problems: list[str]) -> ast.Module | None:
    try:
        if path.stat().st_size > MAX_BYTES:
            problems.append(f"{path}: larger than {MAX_BYTES:,} bytes; left out")
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # foreign code's invalid escapes are not our matter
            return ast.parse(path.read_bytes(), filename=str(path))
    except (SyntaxError, ValueError, RecursionError, MemoryError, OSError) as error:
        problems.append(f"{path}: cannot be parsed: {error}")
        return None


def _walk(trees: dict[Path, ast.Module], problems: list[str]) -> Found:
    """Walks the code until what is handed from call to call no longer changes."""
    program = Program.of(trees.values())
    found, deep = Found(), set[Path]()
    for _ in range(ROUNDS):
        found = Found()
        given: dict[tuple[str, str], Access] = {}
        returns: dict[str, Access] = {}
        for path, tree in trees.items():
            try:
                Reader(path, program, found, given, returns).visit(tree)
            except RecursionError:
                deep.add(path)
        if (given, returns) == (program.given, program.returns):
            break
        program.given, program.returns = given, returns
    problems += [f"{path}: nested too deeply; left out" for path in sorted(deep)]
    return found
