"""Strict reading of foreign CSV: numbers by column, every damaged line named."""

import csv
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from rca.encoding import opened
from rca.errors import EvidenceError
from rca.runs.part import Floats

MAX_COLUMNS = 5_000
BROKEN = re.compile(r"\d\.\d|tensor|array")
"""Of a text that was meant as a number: `tensor(0.01)`."""
LONGEST = 100_000
"""Characters of a line of names."""


def head_of(path: Path, lines: int) -> list[str]:
    """Returns a file's first lines, without what a table's line of names cannot hold."""
    with opened(path) as file:
        return [file.readline(LONGEST).replace("\0", "") for _ in range(lines)]


def names_in(line: str) -> list[str]:
    """Returns the column names in a line of a file, none if it is no such line."""
    try:
        fields = next(csv.reader([line.strip()]), [])
    except csv.Error:
        return []
    return [field.strip() for field in fields]


def columns_of(path: Path, gaps: list[str], comment: str = "") -> dict[str, Floats]:
    """Returns a CSV file's columns of numbers, NaN for empty fields and what is no number.

    Columns that hold words alone are left out: they are no damage.

    Args:
        path: With a line of names first; a file may repeat it (written by a resumed run).
        gaps: Gets a line per kind of damage.
        comment: Lines that start with it are left out.

    Raises:
        EvidenceError: Unreadable, or no line of names.
    """
    names, rows, torn = _read(path, comment)
    found: dict[str, Floats] = {}
    garbled: set[int] = set()
    for number, name in enumerate(names):
        values = [row[number] for row in rows.values()]
        try:
            found[name] = np.array(values, np.float64)
        except ValueError:  # there are words among them
            if not _is_text(values):
                garbled |= {line for line, row in rows.items() if isinstance(row[number], str)}
                found[name] = np.array([math.nan if isinstance(x, str) else x for x in values])
    for problem, lines in (("no number", sorted(garbled)), ("another number of fields", torn)):
        if lines:
            gaps.append(
                f"{path.name}: line {lines[0]}: {problem}; {len(lines)} such lines, "
                "taken as not recorded"
            )
    return found


def _read(path: Path, comment: str) -> tuple[list[str], dict[int, list[float | str]], list[int]]:
    """Returns the names, the rows by line, and lines with another number of fields."""
    rows: dict[int, list[float | str]] = {}
    torn = []
    try:
        with opened(path) as file:
            lines = _rows(file, comment)
            _, names = next(lines, (0, []))
            names = [name.strip() for name in names]
            if not names or len(names) > MAX_COLUMNS:
                raise EvidenceError(f"{path}: no line of column names; not a table")
            for number, fields in lines:
                if [field.strip() for field in fields] != names:
                    if len(fields) != len(names):
                        torn.append(number)
                        fields = [*fields[: len(names)], *[""] * (len(names) - len(fields))]
                    rows[number] = [_number(field) for field in fields]
    except (OSError, csv.Error) as error:
        raise EvidenceError(f"{path}: cannot be read: {error}") from error
    return names, rows, torn


def _is_text(values: Sequence[float | str]) -> bool:
    """Whether a column with words in it has nothing else (names, paths), and no broken number."""
    numbers = (value for value in values if not isinstance(value, str))
    words = (value for value in values if isinstance(value, str))
    return all(map(math.isnan, numbers)) and not any(map(BROKEN.search, words))


def _rows(file: TextIO, comment: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(line.replace("\0", "") for line in file)
    for fields in reader:
        if fields and not (comment and fields[0].startswith(comment)):
            yield reader.line_num, fields


def _number(field: str) -> float | str:
    """Returns NaN for an empty field, the text for text; True and False count as 1 and 0."""
    text = field.strip()
    if text in ("", "True", "False"):
        return {"True": 1.0, "False": 0.0}.get(text, math.nan)
    try:
        return float(text)
    except ValueError:
        return text
