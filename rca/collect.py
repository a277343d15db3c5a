"""The one plugin mechanism: load a folder's Python files and pick out the marked objects."""

import importlib.util
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from rca.errors import EvidenceError, UsageError

T = TypeVar("T")


def collect(folder: Path, kind: type[T]) -> list[T]:
    """Returns every module-level object of a kind found in a folder's Python files.

    Args:
        folder: Searched one level deep, in file name order; files starting with `_` are left out.
        kind: The class of the objects to pick, such as `rca.checking.Check`.

    Raises:
        UsageError: The folder does not exist.
        EvidenceError: A file cannot be imported; names the file and its error.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; give one that holds Python files")
    found: list[T] = []
    for path in sorted(folder.glob("[!_]*.py")):
        seen = path.stat()
        module = _load(path.resolve(), seen.st_mtime_ns, seen.st_size)
        found.extend(item for item in marked(module, kind) if item not in found)
    return found


def marked(module: ModuleType, kind: type[T]) -> Iterator[T]:
    """Yields the objects of a kind among a module's global names, in order of definition."""
    return (value for value in vars(module).values() if isinstance(value, kind))


@cache
def _load(path: Path, changed: int, size: int) -> ModuleType:
    """Imports a file by path, so that its folder needs neither `__init__.py` nor sys.path.

    A file that was not changed since it was loaded is not loaded again: every diagnosis asks for
    all the causes.
    """
    name = f"rca_collected.{path.parent.name}.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickling look their module up by name
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise EvidenceError(
            f"{path}: cannot be loaded: {error!r}; mend or remove the file"
        ) from error
    return module
