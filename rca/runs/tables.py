"""What a run folder's database holds, read while it is written, after a kill, or at rest."""

import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rca.errors import EvidenceError
from rca.probes.histogram import Histogram
from rca.runs.histogram_rows import read_histograms
from rca.runs.opening import DATABASE
from rca.runs.record import (
    EPISODE_COLUMNS,
    EVALUATION_COLUMNS,
    Signal,
    Strip,
    empty_episodes,
    empty_evaluations,
)
from rca.runs.strip_rows import read_strips


@dataclass(frozen=True)
class Tables:
    """What is in run.sqlite.

    Attributes:
        counters: Steps and updates by name, as committed last.
        signals: By name, each in the order of its steps.
        episodes: Columns EPISODE_COLUMNS.
        evaluations: Columns EVALUATION_COLUMNS.
        strips: Last camera frames of episodes.
        histograms: How quantities were spread.
    """

    counters: Mapping[str, int]
    signals: Mapping[str, Signal]
    episodes: pd.DataFrame
    evaluations: pd.DataFrame
    strips: tuple[Strip, ...]
    histograms: tuple[Histogram, ...]


def log_of(folder: Path) -> Path:
    """Returns where SQLite's log is, of a database that is open or was when its process ended."""
    return folder / f"{DATABASE}-wal"


def read_tables(folder: Path, is_open: bool, gaps: list[str]) -> Tables:
    """Returns what a run's database holds; the folder may be read-only and stays as it is.

    Args:
        folder: Of the run.
        is_open: Whether a process that lives has the database open to write it.
        gaps: Told of what cannot be read.

    Raises:
        EvidenceError: It is missing or damaged.
    """
    path = folder / DATABASE
    if not path.is_file():
        raise EvidenceError(f"{path}: missing; the run recorded nothing that can be read")
    try:
        return _tables(path, is_open, gaps)
    except (sqlite3.Error, OSError, ValueError, pd.errors.DatabaseError) as error:
        raise EvidenceError(f"{path}: damaged: {error}; the run is not usable") from error


def _tables(path: Path, is_open: bool, gaps: list[str]) -> Tables:
    with tempfile.TemporaryDirectory(prefix="rca-") as scratch:
        database = _open(path, Path(scratch), is_open)
        try:
            return Tables(
                _counters(database),
                _signals(database),
                _table(database, "episode", EPISODE_COLUMNS, empty_episodes()),
                _table(database, "evaluation", EVALUATION_COLUMNS, empty_evaluations()),
                read_strips(database, gaps),
                read_histograms(database, gaps),
            )
        finally:
            database.close()


def _open(path: Path, scratch: Path, is_open: bool) -> sqlite3.Connection:
    """Opens a database without changing anything in its folder, which may be read-only.

    One that is open to be written, maybe in this very process, is left to SQLite: to copy it here
    would drop the writer's locks, see `rca.runs.load`. A run that was settled still is.
    """
    log = log_of(path.parent)
    if not log.exists():  # closed properly: SQLite has merged its log
        return sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", uri=True)
    if is_open:
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    for file in (path, log):  # merging the log of a killed run writes, so let it write elsewhere
        shutil.copyfile(file, scratch / file.name)
    return sqlite3.connect(scratch / path.name)


def _counters(database: sqlite3.Connection) -> dict[str, int]:
    counters = dict(database.execute("SELECT key, value FROM meta"))
    for key, value in counters.items():
        if not isinstance(value, int):
            raise ValueError(f"meta.{key} is {value!r}, not a whole number")
    return counters


def _signals(database: sqlite3.Connection) -> dict[str, Signal]:
    names = database.execute("SELECT id, name, unit FROM signal").fetchall()
    rows = pd.read_sql_query("SELECT signal, step, value FROM value ORDER BY rowid", database)
    groups = dict(tuple(rows.groupby("signal", sort=False)))
    signals = {}
    for number, name, unit in names:
        if number in groups:
            group = groups[number].sort_values("step", kind="stable")
            steps = group["step"].to_numpy(np.int64)
            signals[name] = Signal(name, unit, steps, group["value"].to_numpy(np.float64))
    return signals


def _table(
    database: sqlite3.Connection, name: str, columns: tuple[str, ...], empty: pd.DataFrame
) -> pd.DataFrame:
    rows = database.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall()
    if not rows:
        return empty
    return pd.DataFrame(rows, columns=list(columns)).astype(dict(empty.dtypes))
