"""A run folder made or taken up again by one process: its lock, its database, and why it cannot."""

import errno
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import filelock

from rca.config import RunConfig
from rca.errors import UsageError
from rca.runs.manifest import LOCK, LOCK_SECONDS, MANIFEST, SCHEMA, write_json, write_text
from rca.runs.record import (
    EPISODE_COLUMNS,
    EVALUATION_COLUMNS,
    HISTOGRAM_COLUMNS,
    STRIP_COLUMNS,
)

DATABASE = "run.sqlite"
CONFIG = "config.yaml"
PATIENCE = 60.0
"""Seconds that a reader may hold the database, such as a browser of it, before the run gives up."""

_TABLES = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
CREATE TABLE signal (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, unit TEXT NOT NULL);
CREATE TABLE value (signal INTEGER NOT NULL, step INTEGER NOT NULL, value REAL);
INSERT INTO meta VALUES ('schema', {SCHEMA});
"""


ROWS = {
    "episode": EPISODE_COLUMNS,
    "evaluation": EVALUATION_COLUMNS,
    "strip": STRIP_COLUMNS,
    "histogram": HISTOGRAM_COLUMNS,
}
"""Tables of whole rows. One that an older version began lacks some, and may be gone on with."""
TABLES = {"meta", "signal", "value", *ROWS}
OF_A_START = re.compile(
    rf"{re.escape(DATABASE)}(-wal|-shm|-journal)?|{re.escape(CONFIG)}"
    rf"|\.({re.escape(CONFIG)}|{re.escape(MANIFEST)})\.\d+\.tmp"
)
"""Names of what lies beside the lock before there is a manifest."""


def lock(folder: Path, *, again: bool) -> filelock.FileLock:
    """Makes a folder, a new or empty one unless it is opened again, this process's own.

    One in which a start was killed before its manifest is emptied.

    Raises:
        UsageError: It is another process's, holds something, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = filelock.FileLock(folder / LOCK)
        held.acquire(timeout=LOCK_SECONDS)
    except filelock.Timeout as error:
        raise UsageError(
            f"{folder}: another process writes this run; choose a new folder"
        ) from error
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        if again or _is_empty(folder):
            return held
    except OSError as error:
        held.release()
        raise unwritable(folder, error) from error
    held.release()
    raise UsageError(f"{folder}: not empty; choose a new folder, runs are never overwritten")


def _is_empty(folder: Path) -> bool:
    """Tells whether a folder holds nothing of worth, and removes what a killed start left in it."""
    there = sorted(path for path in folder.iterdir() if path.name != LOCK)
    names = {path.name for path in there}
    if not all(OF_A_START.fullmatch(name) for name in names):
        return False
    # Written after the database: without one the config is not a start's, it is the user's.
    is_of_start = _holds_nothing(folder / DATABASE) if DATABASE in names else CONFIG not in names
    if is_of_start:
        for path in there:  # the config before the database
            path.unlink(missing_ok=True)
    return is_of_start


def _holds_nothing(path: Path) -> bool:
    """Tells whether a database is ours and empty: one with records is a run without manifest."""
    # A journal is left by the first write alone, which only a connection that writes takes back.
    mode = "rw" if path.with_name(f"{path.name}-journal").exists() else "ro"
    try:
        uri = f"{path.resolve().as_uri()}?mode={mode}"
        with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE)) as database:
            rows = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            tables = {name for (name,) in rows}
            return tables <= TABLES and not any(
                database.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()
                for name in tables - {"meta"}
            )
    except sqlite3.Error:
        return False


def created(
    folder: Path, config: RunConfig | None, manifest: dict[str, object]
) -> sqlite3.Connection:
    """Writes an empty database, config and manifest, in this order, and returns it open.

    Raises:
        UsageError: The folder cannot be written.
    """
    try:
        database = _connected(folder)
        database.execute("PRAGMA journal_mode=WAL")
        database.executescript(_TABLES)
        _add_tables(database)
        if config is not None:
            write_text(folder / CONFIG, config.to_yaml())
        write_json(folder / MANIFEST, manifest)
    except (OSError, sqlite3.Error) as error:
        raise unwritable(folder, error) from error
    return database


def reopened(folder: Path, manifest: dict[str, object]) -> sqlite3.Connection:
    """Returns the database of a run that goes on, and writes its manifest.

    Raises:
        UsageError: They cannot be read or written.
    """
    try:
        database = _connected(folder)
        database.execute("SELECT * FROM meta").fetchall()
        _add_tables(database)
        write_json(folder / MANIFEST, manifest)
    except (OSError, sqlite3.Error) as error:
        raise unwritable(folder, error) from error
    return database


def _connected(folder: Path) -> sqlite3.Connection:
    database = sqlite3.connect(folder / DATABASE, timeout=PATIENCE, check_same_thread=False)
    # Safe against a killed process; a power failure may cost the last commits, but see `durable`.
    database.execute("PRAGMA synchronous=NORMAL")
    return database


@contextmanager
def durable(database: sqlite3.Connection) -> Iterator[None]:
    """Has what is committed meanwhile, and all before it, outlive a power failure.

    SQLite then waits once for the disk, which has the whole log afterwards. Merging the log
    (`wal_checkpoint`) would write it twice, and wait for readers.
    """
    database.execute("PRAGMA synchronous=FULL")
    try:
        yield
    finally:
        database.execute("PRAGMA synchronous=NORMAL")


def forget_after(database: sqlite3.Connection, step: int) -> dict[str, int]:
    """Deletes what was recorded after a step, in a transaction of the caller's.

    Returns:
        The counters that still hold.
    """
    database.execute("DELETE FROM value WHERE step > ?", (step,))
    # Probed after the run as it then was, over updates of their own.
    probed = "SELECT id FROM signal WHERE name LIKE 'probed/%'"
    database.execute(f"DELETE FROM value WHERE signal IN ({probed})")
    for name, columns in ROWS.items():
        at = "end_step" if "end_step" in columns else "step"
        database.execute(f"DELETE FROM {name} WHERE {at} > ?", (step,))
    database.execute("DELETE FROM meta WHERE key = 'first_update_step' AND value > ?", (step,))
    kept = database.execute("SELECT key, value FROM meta WHERE key = 'first_update_step'")
    return dict(kept)


def _add_tables(database: sqlite3.Connection) -> None:
    for name, columns in ROWS.items():
        listed = ", ".join(f'"{column}"' for column in columns)
        database.execute(f"CREATE TABLE IF NOT EXISTS {name} ({listed})")
        there = {row[1] for row in database.execute(f"PRAGMA table_info({name})")}
        for column in columns:
            if column not in there:  # begun by an older version
                database.execute(f'ALTER TABLE {name} ADD COLUMN "{column}"')


def make_folder(folder: Path) -> None:
    """Makes a folder that is written to later, if it is not there: before hours of work.

    Raises:
        UsageError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error


def unwritable(folder: Path, error: Exception) -> UsageError:
    """Returns what to say of an error of the disk, the database or the rights."""
    number = getattr(error, "errno", None)
    if number == errno.ENOSPC or "disk is full" in str(error):
        return UsageError(f"{folder}: the disk is full; free some space (what is recorded stays)")
    if number in (errno.EACCES, errno.EPERM, errno.EROFS) or "readonly" in str(error):
        return UsageError(f"{folder}: not writable; choose another folder")
    if number in (errno.EEXIST, errno.ENOTDIR):
        return UsageError(f"{folder}: is a file or lies below one; choose a folder")
    return UsageError(f"{folder}: cannot be written: {error}")
