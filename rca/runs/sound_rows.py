"""Rows of a run folder's database: it may come from anywhere, so every row is looked at."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def sound_rows(
    database: sqlite3.Connection,
    table: str,
    columns: Sequence[str],
    longest: tuple[str, int],
    most: int,
    read: Callable[[tuple[object, ...]], T | None],
) -> tuple[tuple[T, ...], int]:
    """Returns what the rows of a table hold, in order of time, and how many were left out.

    Args:
        database: Of a run folder; one of an older version may lack the table.
        table: Name of it; has a column `step`.
        columns: Read, in this order; None for one that an older version did not write.
        longest: A column and the length beyond which a row is not even fetched.
        most: Rows that are fetched.
        read: Returns what a row holds, None if it is broken.
    """
    tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    if (table,) not in tables.fetchall():
        return (), 0
    there = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
    listed = ", ".join(name if name in there else "NULL" for name in columns)
    column, length = longest
    wanted = f"SELECT {listed} FROM {table} WHERE length({column}) <= ?"
    rows = database.execute(f"{wanted} ORDER BY step, rowid LIMIT ?", (length, most)).fetchall()
    found = tuple(held for row in rows if (held := read(row)) is not None)
    ((total,),) = database.execute(f"SELECT count(*) FROM {table}").fetchall()
    return found, total - len(found)
