"""What was recorded and is not on disk yet."""

import sqlite3
from collections import deque
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from rca.runs.opening import ROWS

PLAIN = int | float | str | bytes
"""What a row may hold, beside None."""
Row = TypeVar("Row")


class Waiting:
    """Rows that wait to be written: the thread that trains adds them, another one writes them.

    Attributes:
        counters: Written anew each time.
        has_lost: Whether rows were forgotten because no database takes them.
    """

    def __init__(self, signals: Mapping[str, int]) -> None:
        """Prepares the queues.

        Args:
            signals: Numbers of the signals that the database knows, by name.
        """
        self.counters: dict[str, int] = {}
        self.has_lost = False
        self._signals = dict(signals)
        self._new_signals: deque[tuple[int, str, str]] = deque()
        self._values: deque[tuple[int, int, float]] = deque()
        self._rows: dict[str, deque[tuple[Any, ...]]] = {name: deque() for name in ROWS}

    def value(self, name: str, unit: str, step: int, value: float) -> None:
        """Adds one value of a signal."""
        number = self._signals.get(name)
        if number is None:
            number = self._signals[name] = len(self._signals) + 1
            self._new_signals.append((number, name, unit))
        self._values.append((number, int(step), float(value)))

    def row(self, table: str, row: Mapping[str, object]) -> None:
        """Adds a row of a table, its values by column; columns left out are empty.

        Raises:
            ValueError: A key that is no column, or a value that is no number and no word.
        """
        columns = ROWS[table]
        unknown = sorted(row.keys() - set(columns))
        if unknown:
            raise ValueError(f"unknown columns {', '.join(unknown)}; known: {', '.join(columns)}")
        # sqlite3 would store a numpy scalar as a blob.
        found = (row.get(name) for name in columns)
        values = tuple(value.item() if isinstance(value, np.generic) else value for value in found)
        for name, value in zip(columns, values, strict=True):
            if not isinstance(value, PLAIN | None):
                raise ValueError(f"{name} is a {type(value).__name__}; give a number or a word")
        self._rows[table].append(values)

    def write(self, database: sqlite3.Connection) -> None:
        """Writes all of it in one transaction; what could not be written waits again.

        Raises:
            sqlite3.Error: It could not. What no later try could write either is forgotten, so that
                a run can still be ended.
        """
        try:
            with database:
                written = self._inserted(database)
        except (sqlite3.OperationalError, OSError):  # full, locked, gone: for now
            raise
        except Exception:
            self.has_lost = True
            for rows in self._queues():
                rows.clear()
            raise
        for rows, number in written:
            for _ in range(number):
                rows.popleft()

    def _queues(self) -> list[deque[Any]]:
        return [self._values, self._new_signals, *self._rows.values()]

    def _inserted(self, database: sqlite3.Connection) -> list[tuple[deque[Any], int]]:
        """Inserts what waits, and returns the queues with how many rows of each it took.

        What is said of a step is looked at before its values, and these before the names that they
        refer to: another thread goes on adding.
        """
        counters = list(self.counters.items())
        waiting = {table: _now(rows) for table, rows in self._rows.items()}
        values, names = _now(self._values), _now(self._new_signals)
        run = database.executemany
        run("INSERT INTO signal VALUES (?, ?, ?)", names)
        run("INSERT INTO value VALUES (?, ?, ?)", values)
        written: list[tuple[deque[Any], int]] = [
            (self._values, len(values)),
            (self._new_signals, len(names)),
        ]
        for table, columns in ROWS.items():
            rows, listed = waiting[table], ", ".join(f'"{part}"' for part in columns)
            run(f"INSERT INTO {table} ({listed}) VALUES ({', '.join('?' * len(columns))})", rows)
            written.append((self._rows[table], len(rows)))
        run("INSERT OR REPLACE INTO meta VALUES (?, ?)", counters)
        return written


def _now(rows: deque[Row]) -> list[Row]:
    """Returns what is in a queue; another thread appends to it, but not within one call into C."""
    return list(rows)
