"""Histograms of a run folder as read: it may come from anywhere, so every row is looked at."""

import json
import math
import sqlite3

from rca.probes.histogram import Histogram
from rca.runs.record import HISTOGRAM_COLUMNS

MAX_BINS = 100
MAX_CHARS = 2_000
"""Of the counts as text."""
MAX_COUNT = 2**53
"""Beyond it a float no longer tells whole numbers apart."""
MAX_ROWS = 100_000
"""More, or larger ones, were not written by us: they are left out."""


def read_histograms(database: sqlite3.Connection, gaps: list[str]) -> tuple[Histogram, ...]:
    """Returns the histograms in order of time; none in folders of versions that kept none.

    Args:
        database: Of a run folder.
        gaps: Told what is left out.
    """
    tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    if ("histogram",) not in tables.fetchall():
        return ()
    columns = ", ".join(HISTOGRAM_COLUMNS)
    sound = "FROM histogram WHERE length(counts) <= ? ORDER BY step, rowid LIMIT ?"
    rows = database.execute(f"SELECT {columns} {sound}", (MAX_CHARS, MAX_ROWS)).fetchall()
    found = [histogram for row in rows if (histogram := _histogram(row)) is not None]
    total = database.execute("SELECT count(*) FROM histogram").fetchone()[0]
    if total > len(found):
        gaps.append(f"{total - len(found)} histograms are damaged or oversized; left out")
    return tuple(found)


def _histogram(row: tuple[object, ...]) -> Histogram | None:
    match row:
        case (str(name), str(unit), int(step), float(low), float(high), str(text)) if _is_range(
            low, high
        ):
            counts = _counts(text)
            return Histogram(name, unit, step, low, high, counts) if counts else None
    return None


def _is_range(low: float, high: float) -> bool:
    return low < high and math.isfinite(high - low)


def _counts(text: str) -> tuple[int, ...]:
    """Returns the counts, none if they are not whole numbers from 0 on."""
    try:
        read = json.loads(text)
    except ValueError:
        return ()
    if not isinstance(read, list) or len(read) > MAX_BINS:
        return ()
    are_counts = all(type(count) is int and 0 <= count <= MAX_COUNT for count in read)
    return tuple(read) if are_counts else ()
