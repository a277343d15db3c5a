"""Stable-Baselines3 monitor files: a `#{...}` line, then `r,l,t` and a row per episode.

Documented at https://stable-baselines3.readthedocs.io (Monitor Wrapper): r is the return, l the
length in steps, t the seconds since the start; further columns are the user's `info_keywords`.
"""

import csv
from pathlib import Path

import numpy as np

from rca.errors import EvidenceError
from rca.runs.csv_file import columns_of
from rca.runs.part import Importer, Options, Part
from rca.runs.record import Signal
from rca.runs.telemetry import STEP_SECONDS

NAMES = {"r": "return", "l": "length", "is_success": "success"}


def recognises(path: Path) -> bool:
    """Tells by the columns r, l and t behind a comment line."""
    if path.suffix.lower() != ".csv":
        return False
    with path.open("rb") as file:
        first, second = file.readline(10_000), file.readline(10_000)
    names = next(csv.reader([second.decode("utf-8", "replace")]), [])
    return first.startswith(b"#") and {"r", "l", "t"} <= {name.strip() for name in names}


def read(path: Path, options: Options) -> Part:
    """Returns the episodes; `env/step_seconds` is the time between two ends, per step.

    Raises:
        EvidenceError: Unreadable or without a single row.
    """
    del options
    gaps: list[str] = []
    found = columns_of(path, gaps, comment="#")
    if not len(found.get("r", ())):
        raise EvidenceError(f"{path}: holds no episode")
    lengths, clock = found["l"], found["t"]
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        seconds = np.diff(clock, prepend=0.0) / lengths
        ends = np.cumsum(lengths)
        valid = (seconds >= 0) & np.isfinite(seconds) & np.isfinite(ends) & (np.abs(ends) < 1e15)
    back = int(np.count_nonzero(np.diff(clock) < 0))
    if back:
        gaps.append(f"{path.name}: the clock goes back {back} times (a resumed run); no time there")
    steps = ends[valid].astype(np.int64)
    signals = (Signal(STEP_SECONDS, "s", steps, seconds[valid], "monitor t"),) if len(steps) else ()
    names = {key: NAMES.get(key, f"episode/{key}") for key in found if key != "t"}
    return Part(
        source=path,
        signals=signals,
        episodes={names[key]: found[key] for key in names},
        gaps=tuple(gaps),
    )


IMPORTER = Importer("Stable-Baselines3 monitor", recognises, read)
