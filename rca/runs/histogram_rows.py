"""Histograms of a run folder as read."""

import json
import math
import sqlite3

from rca.probes.histogram import Histogram
from rca.runs.record import HISTOGRAM_COLUMNS
from rca.runs.sound_rows import sound_rows

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
    found, left_out = sound_rows(
        database, "histogram", HISTOGRAM_COLUMNS, ("counts", MAX_CHARS), MAX_ROWS, _histogram
    )
    if left_out:
        gaps.append(f"{left_out} histograms are damaged or oversized; left out")
    return found


def _histogram(row: tuple[object, ...]) -> Histogram | None:
    match row:
        case (
            str(name),
            str(unit),
            int(step),
            float(low),
            float(high),
            str(text),
            (int() | None) as odd,
        ) if _is_range(low, high) and 0 <= (odd or 0) <= MAX_COUNT:
            counts = _counts(text)
            return Histogram(name, unit, step, low, high, counts, odd or 0) if counts else None
    return None


def _is_range(low: float, high: float) -> bool:
    return low < high and math.isfinite(high - low)


def _counts(text: str) -> tuple[int, ...]:
    """Returns the counts, none if they are not whole numbers from 0 on."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(read, list) or len(read) > MAX_BINS:
        return ()
    are_counts = all(type(count) is int and 0 <= count <= MAX_COUNT for count in read)
    return tuple(read) if are_counts else ()
