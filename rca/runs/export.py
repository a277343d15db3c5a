"""Copies of a run for other tools: TensorBoard, CSV, JSON, Parquet."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from rca.errors import UsageError
from rca.runs.board import Board
from rca.runs.record import RunRecord
from rca.runs.tags import EPISODE, EVALUATION

Format = Literal["tensorboard", "csv", "json", "parquet"]
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that spreadsheets compute (OWASP, CSV injection); names are foreign text."""


def export_run(run: RunRecord, folder: Path, format: Format) -> list[Path]:
    """Writes a run's signals, episodes, evaluations and histograms in a format of other tools.

    Args:
        run: Read by `rca.runs.load.load_run`.
        folder: A new or an empty folder; runs and recordings are never written to.
        format: "tensorboard" writes one event file; the others write signals, episodes,
            evaluations and, of our runs, histograms, one file each. NaN is an empty field in CSV
            and null in JSON. Episodes and evaluations whose step is not known have no place in an
            event file.

    Returns:
        The files written.

    Raises:
        UsageError: The folder is not empty or not writable, or Parquet is not installed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder}: not empty; choose a new folder, nothing is overwritten")
        if format == "tensorboard":
            return _tensorboard(run, folder)
        return [
            write_table(table, folder / f"{name}.{format}") for name, table in tables(run).items()
        ]
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error}") from error


def tables(run: RunRecord) -> Mapping[str, pd.DataFrame]:
    """Returns signals (long form: signal, unit, step, value), episodes and evaluations.

    Runs of ours have histograms too: a row per bin.
    """
    columns = ("signal", "unit", "step", "value")
    parts = [
        pd.DataFrame(
            {"signal": name, "unit": signal.unit, "step": signal.steps, "value": signal.values}
        )
        for name, signal in run.signals.items()
    ]
    signals = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    rows = {"signals": signals, "episodes": run.episodes, "evaluations": run.evaluations}
    return {**rows, "histograms": _bins(run)} if run.histograms else rows


def _bins(run: RunRecord) -> pd.DataFrame:
    """Returns a row per bin of every histogram."""
    parts = [
        pd.DataFrame(
            {
                "name": found.name,
                "unit": found.unit,
                "step": found.step,
                "low": found.edges[:-1],
                "high": found.edges[1:],
                "count": found.counts,
            }
        )
        for found in run.histograms
    ]
    return pd.concat(parts, ignore_index=True)


def write_table(table: pd.DataFrame, path: Path) -> Path:
    """Writes a table in the format that the path's suffix names; returns the path.

    Raises:
        OSError: It cannot be written.
        UsageError: Parquet is not installed.
    """
    WRITERS[path.suffix.removeprefix(".")](table, path)
    return path


def _csv(table: pd.DataFrame, path: Path) -> None:
    """Writes text that a spreadsheet would run as a formula with an apostrophe before it."""
    table.map(_inert).to_csv(path, index=False)


def _inert(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _json(table: pd.DataFrame, path: Path) -> None:
    plain = table.astype(object).where(table.notna() & ~table.isin([np.inf, -np.inf]), None)
    path.write_text(json.dumps(plain.to_dict("records"), allow_nan=False, indent=0) + "\n")


def _parquet(table: pd.DataFrame, path: Path) -> None:
    try:
        table.to_parquet(path, index=False)
    except ImportError as error:
        raise UsageError("parquet needs pyarrow: pip install pyarrow, or export csv") from error


WRITERS: Mapping[str, Callable[[pd.DataFrame, Path], None]] = {
    "csv": _csv,
    "json": _json,
    "parquet": _parquet,
}


def _tensorboard(run: RunRecord, folder: Path) -> list[Path]:
    """Writes every signal, histogram, episode and evaluation over steps; not rows without one."""
    board = Board(folder, clock=False)
    for name, signal in run.signals.items():
        for step, value in zip(signal.steps.tolist(), signal.values.tolist(), strict=True):
            board.scalar(name, step, value)
    for histogram in run.histograms:
        board.histogram(histogram)
    for prefix, table, at in (
        (EPISODE, run.episodes, "end_step"),
        (EVALUATION, run.evaluations, "step"),
    ):
        for row in table[np.isfinite(table[at])].to_dict("records"):
            board.row(prefix, int(row[at]), {str(key): value for key, value in row.items()})
    board.close()
    return sorted(folder.iterdir())
