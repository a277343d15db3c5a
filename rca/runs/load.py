"""Reads a run, whatever recorded it: one of our run folders, or a folder of foreign logs."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from rca.collect import collect
from rca.errors import EvidenceError, UsageError
from rca.runs.merge import merge, own
from rca.runs.part import Importer, Options, Part, Progress
from rca.runs.record import RunRecord
from rca.runs.tags import load_tags

IMPORTERS = Path(__file__).parent / "importers"
OWN = "rca run folder"
MAX_DEPTH = 3
"""Folders below the given one in which files are looked for."""
MAX_FILES = 2_000
"""More files than this are no recording of one run."""
SIDE_FILES = ("-wal", "-shm", "-journal")
"""Ends of the names of what SQLite keeps beside a database."""
EVALUATION_FOLDER = "eval"
"""Beginning of the names of folders in which trainers keep what evaluation recorded."""
Found = list[tuple[Path, Importer]]
Combine = Callable[[Sequence[Part]], Part]


def load_run(
    path: Path, *, tags: Path | None = None, progress: Progress | None = None
) -> RunRecord:
    """Returns what was recorded of a run.

    Args:
        path: A run folder, a folder with foreign recordings of one run, or one such file.
        tags: The user's own table of foreign tags (YAML, in the form of rca/runs/tags.yaml).
        progress: Told about files that take long.

    Raises:
        UsageError: No such path, several runs below it, or a bad table of tags.
        EvidenceError: Nothing there that can be read.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder; give a run folder or a recording")
    options = Options(load_tags(tags), progress)
    found = list(_recognised(path))
    if not found:
        formats = ", ".join(importer.name for importer in importers())
        raise EvidenceError(f"{path}: nothing to read; known are {formats}")
    found = _one_run(path, found)
    parts, problems = _read(found, options)
    if not any(_says_something(part) for part in parts):
        raise EvidenceError("; ".join(problems) or _empty(path, found))
    name = path.resolve().name
    if parts[0].complete:
        record = own(parts[0].source.resolve().parent.name, parts[0])
    else:
        record = merge(name, parts, options.tags, problems)
    return replace(record, provenance={**record.provenance, "path": str(path)})


@cache
def importers() -> tuple[Importer, ...]:
    """Returns the importers, one per file of rca/runs/importers."""
    return tuple(collect(IMPORTERS, Importer))


def _recognised(path: Path) -> Iterator[tuple[Path, Importer]]:
    """Yields the files that an importer knows, in the order of their names."""
    known = importers()
    for file in [path] if path.is_file() else _files(path):
        try:
            importer = next((item for item in known if item.recognises(file)), None)
        except FileNotFoundError:
            if file == path:
                raise
            continue  # a run that goes on removes files
        except OSError as error:
            raise EvidenceError(f"{file}: cannot be read: {error}") from error
        if importer is not None:
            yield file, importer


def _files(folder: Path, depth: int = 0) -> list[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise EvidenceError(f"{folder}: cannot be read: {error}") from error
    names = {entry.name for entry in entries}
    visible = [e for e in entries if not e.name.startswith(".") and not _is_at_side(e.name, names)]
    files = [entry for entry in visible if entry.is_file()]
    if depth < MAX_DEPTH:
        for entry in visible:
            if entry.is_dir() and not entry.is_symlink():
                files += _files(entry, depth + 1)
    if len(files) > MAX_FILES:
        raise UsageError(f"{folder}: more than {MAX_FILES:,} files; give the folder of one run")
    return files


def _is_at_side(name: str, names: set[str]) -> bool:
    """Tells whether a file is SQLite's, beside one of these names.

    Nobody but SQLite may open it: POSIX drops all locks that a process has on a file when it closes
    any descriptor of it, and without the writer's lock on `-shm` another process's reader cuts that
    file off under the writer (SIGBUS).
    """
    return any(name.endswith(end) and name.removesuffix(end) in names for end in SIDE_FILES)


def _one_run(path: Path, found: Found) -> Found:
    """Keeps the files of one run.

    A format that occurs in several folders is read from the given folder itself. Episodes that
    evaluation recorded in a folder of its own are not the training's.
    """
    ours = {file.parent: (file, importer) for file, importer in found if importer.name == OWN}
    if len(ours) == 1:
        return list(ours.values())
    kept: Found = []
    for importer in {importer.name: importer for _, importer in found}.values():
        files = [file for file, other in found if other is importer]
        folders = {file.parent for file in files if not _of_evaluation(path, file, importer)}
        if path in folders:
            folders = {path}
        elif len(folders) > 1 and not importer.is_config and not path.is_file():
            names = ", ".join(sorted(str(folder.relative_to(path)) for folder in folders)[:5])
            raise UsageError(f"{path}: holds {len(folders)} recordings ({names}); give one of them")
        kept += [(f, importer) for f in files if importer.is_config or f.parent in folders]
    return kept


def _of_evaluation(path: Path, file: Path, importer: Importer) -> bool:
    is_apart = file.parent.name.lower().startswith(EVALUATION_FOLDER) and file.parent != path
    return is_apart and not importer.name.endswith("evaluations")


def _read(found: Found, options: Options) -> tuple[list[Part], list[str]]:
    """Reads each file; one that cannot be read becomes a line of text."""
    by_format: dict[str, list[Part]] = {}
    combined: dict[str, Combine] = {}
    problems = []
    for file, importer in found:
        try:
            by_format.setdefault(importer.name, []).append(importer.read(file, options))
        except EvidenceError as error:
            problems.append(str(error))
        if importer.combine is not None:
            combined[importer.name] = importer.combine
    everything = [part for parts in by_format.values() for part in parts]
    kept = []
    for name, parts in by_format.items():
        if name in combined and len(parts) > 1:
            kept.append(combined[name](parts))
        else:
            kept += _of_one_run(parts, everything)
    return sorted(kept, key=_begun), problems


def _of_one_run(parts: list[Part], everything: list[Part]) -> list[Part]:
    """Several results of one format are several runs; keeps one and notes the others.

    Kept is the last whose episodes are as long as those of telemetry beside it, else the last.
    """
    rivals = [part for part in parts if part.results]
    if len(rivals) < 2:
        return parts
    others = [part for part in everything if "length" in part.episodes and not part.results]
    lengths = [part.episodes["length"] for part in others]
    fitting = [
        part
        for part in rivals
        if any(np.array_equal(part.episodes.get("length", ()), other) for other in lengths)
    ]
    chosen = (fitting or rivals)[-1]
    names = ", ".join(part.source.name for part in rivals if part is not chosen)
    note = f"{chosen.source.name} was read; {names} hold other runs: give a file to read it"
    return [replace(chosen, notes=(*chosen.notes, note))]


def _empty(path: Path, found: Found) -> str:
    if all(importer.is_config for _, importer in found):
        first = found[0][0]
        return f"{path}: only configs, no record of a run; rca check --config {first} audits them"
    return f"{path}: the files hold no record of a run"


def _begun(part: Part) -> float:
    """Returns the wall clock of the first record, files without a clock last."""
    walls = (float(s.walls[0]) for s in part.series if len(s.walls))
    return min((wall for wall in walls if not math.isnan(wall)), default=math.inf)


def _says_something(part: Part) -> bool:
    tables = part.evaluations is not None or bool(part.episodes)
    return bool(tables or part.complete or part.series or part.signals or part.results)
