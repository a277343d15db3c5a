"""Camera strips of a run folder as read."""

import sqlite3

from rca.runs.record import STRIP_COLUMNS, Strip
from rca.runs.sound_rows import sound_rows

MAX_SIDE = 84
"""Pixels; larger frames are shrunk: a strip has 43 kB at most, a tenth of it in our worlds."""
MAX_FRAMES = 6
MAX_BYTES = 100_000
MAX_STRIPS = 100
"""More, or larger ones, were not written by us: they are left out."""


def read_strips(database: sqlite3.Connection, gaps: list[str]) -> tuple[Strip, ...]:
    """Returns the strips in order of time; none in folders of versions that kept none.

    Args:
        database: Of a run folder.
        gaps: Told what is left out.
    """
    found, left_out = sound_rows(
        database, "strip", STRIP_COLUMNS, ("png", MAX_BYTES), MAX_STRIPS, _strip
    )
    if left_out:
        gaps.append(f"{left_out} camera strips are damaged or oversized; left out")
    return found


def _strip(row: tuple[object, ...]) -> Strip | None:
    match row:
        case (
            int(step),
            str(phase),
            str(reason),
            int(length),
            int(every),
            int(frames),
            bytes(png),
        ) if _is_picture(png):
            return Strip(step, phase, reason, length, every, frames, png)
    return None


def _is_picture(png: bytes) -> bool:
    """Tells whether bytes are a whole PNG of a size that we write.

    A small file can claim a picture that fills the memory of whoever decodes it.
    """
    if png[:8] != b"\x89PNG\r\n\x1a\n" or png[12:16] != b"IHDR" or b"IEND" not in png[-12:]:
        return False
    width, height = int.from_bytes(png[16:20]), int.from_bytes(png[20:24])
    return 0 < height <= MAX_SIDE and 0 < width <= MAX_FRAMES * (MAX_SIDE + 2)
