"""Copies of a run for other tools: TensorBoard, CSV, JSON, Parquet."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from rca.errors import UsageError
from rca.runs.record import RunRecord

Format = Literal["tensorboard", "csv", "json", "parquet"]


def export_run(run: RunRecord, folder: Path, format: Format) -> list[Path]:
    """Writes a run's signals, episodes and evaluations in a format of other tools.

    Args:
        run: Read by `rca.runs.load.load_run`.
        folder: A new or an empty folder; runs and recordings are never written to.
        format: "tensorboard" writes one event file; the others write signals, episodes and
            evaluations, one file each. NaN is an empty field in CSV and null in JSON.

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
            _written(table, folder / f"{name}.{format}", WRITERS[format])
            for name, table in tables(run).items()
        ]
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error}") from error


def tables(run: RunRecord) -> Mapping[str, pd.DataFrame]:
    """Returns signals (long form: signal, unit, step, value), episodes and evaluations."""
    columns = ("signal", "unit", "step", "value")
    parts = [
        pd.DataFrame(
            {"signal": name, "unit": signal.unit, "step": signal.steps, "value": signal.values}
        )
        for name, signal in run.signals.items()
    ]
    signals = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return {"signals": signals, "episodes": run.episodes, "evaluations": run.evaluations}


def _written(table: pd.DataFrame, path: Path, write: Callable[[pd.DataFrame, Path], None]) -> Path:
    write(table, path)
    return path


def _csv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False)


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
    """Writes every signal over steps; the clock stays at 0, since a record keeps no wall clock."""
    writer = EventFileWriter(str(folder))
    for name, signal in run.signals.items():
        for step, value in zip(signal.steps.tolist(), signal.values.tolist(), strict=True):
            summary = Summary(value=[Summary.Value(tag=name, simple_value=value)])
            writer.add_event(Event(wall_time=0.0, step=step, summary=summary))
    for column in run.evaluations.columns.drop("step"):
        known = run.evaluations[["step", column]].dropna()
        for step, value in known.itertuples(index=False):
            summary = Summary(value=[Summary.Value(tag=f"evaluation/{column}", simple_value=value)])
            writer.add_event(Event(wall_time=0.0, step=int(step), summary=summary))
    writer.close()
    return sorted(folder.iterdir())
