"""Tables with a row per log: SB3's progress.csv, Weights & Biases' history, any with steps."""

from pathlib import Path

import numpy as np

from rca.errors import EvidenceError
from rca.runs.csv_file import columns_of, head_of, names_in
from rca.runs.part import Importer, Options, Part, Series
from rca.runs.telemetry import MAX_STEP

STEPS = ("time/total_timesteps", "total_timesteps", "global_step", "timesteps_total", "step",
         "timestep", "TotalEnvInteracts", "_step")  # fmt: skip
"""Names of the column of environment steps, the first present counts."""
LOG_CALLS = "_step"
"""Of Weights & Biases, `run.history()`: what its `log` was told as the step, else how often it was
called."""
OF_THE_LOG = ("", "_step", "_runtime", "_timestamp", "_wandb")
"""Columns that no trainer logged: the table's index, and what Weights & Biases adds."""


def recognises(path: Path) -> bool:
    """Tells by a column of environment steps in a CSV file's first line."""
    if path.suffix.lower() != ".csv":
        return False
    return any(name in STEPS for name in names_in(head_of(path, 1)[0]))


def read(path: Path, options: Options) -> Part:
    """Returns a series per column; empty fields are not records. A table has no clock.

    Raises:
        EvidenceError: Unreadable or without a single row.
    """
    del options
    gaps: list[str] = []
    found = columns_of(path, gaps)
    axis = next((name for name in STEPS if name in found), "")
    if not axis:
        raise EvidenceError(f"{path}: damaged line of column names; mend or remove the file")
    steps = found.pop(axis)
    with np.errstate(invalid="ignore"):
        placed = (steps >= 0) & (steps <= MAX_STEP)
    if not placed.any():
        raise EvidenceError(f"{path}: no row has a number of steps under {axis}")
    if not placed.all():
        gaps.append(f"{path.name}: {int((~placed).sum())} rows without {axis}; left out")
    notes = (f"{path.name}: {LOG_CALLS} taken for environment steps",) if axis == LOG_CALLS else ()
    series = []
    for name, values in found.items():
        if name in OF_THE_LOG:
            continue
        logged = placed & ~np.isnan(values)
        if logged.any():
            clock = np.full(int(logged.sum()), np.nan)
            series.append(Series(name, steps[logged].astype(np.int64), values[logged], clock))
    is_history = any(name in found for name in OF_THE_LOG[1:]) or axis == LOG_CALLS
    return Part(
        source=path, series=tuple(series), gaps=tuple(gaps), notes=notes, selected=is_history
    )


IMPORTER = Importer("progress table", recognises, read)
