"""Strict reading of foreign JSON: bounded size, NaN and wrong types named, nothing trusted."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rca.encoding import read_text
from rca.errors import EvidenceError
from rca.runs.part import Floats

MAX_BYTES = 200_000_000
"""A results file of a million episodes is a tenth of this."""

RESULT_KEYS = ("training_rewards", "eval_rewards", "total_timesteps")
"""Top-level keys of a training's results; one of them makes a JSON file such."""


def read_json(path: Path) -> object:
    """Returns a JSON file's content; NaN and Infinity, which are not JSON, become NaN.

    Raises:
        EvidenceError: Unreadable, too large, or not JSON; names the file and the line.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise EvidenceError(f"{path}: {size:,} bytes, more than {MAX_BYTES:,}; not read")
        return json.loads(read_text(path), parse_constant=lambda _: math.nan)
    except json.JSONDecodeError as error:
        raise EvidenceError(
            f"{path}: not valid JSON at line {error.lineno}: {error.msg}; mend or remove the file"
        ) from error
    except (OSError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise EvidenceError(f"{path}: cannot be read: {error}") from error


def number(tree: Mapping[str, object], key: str, where: str, gaps: list[str]) -> float | None:
    """Returns a number, None if the key is absent, null or (with a gap) no finite number."""
    value = tree.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        gaps.append(f"{where}: {key}: expected a number, found {_kind(value)}; ignored")
        return None
    if not math.isfinite(plain_float(value)):
        gaps.append(f"{where}: {key}: is NaN, infinite or too large; ignored")
        return None
    return float(value)


def count(tree: Mapping[str, object], key: str, where: str, gaps: list[str]) -> int | None:
    """Returns a whole number of at least 0, None as for `number`."""
    value = number(tree, key, where, gaps)
    if value is None:
        return None
    if value < 0 or value != int(value):
        gaps.append(f"{where}: {key}: expected a whole number >= 0, found {value:g}; ignored")
        return None
    return int(value)


def numbers(tree: Mapping[str, object], key: str, where: str, gaps: list[str]) -> Floats | None:
    """Returns a list of numbers, NaN for null and (with a gap) for what is no number.

    None if the key is absent, null, or (with a gap) no list.
    """
    values = tree.get(key)
    if values is None:
        return None
    if not isinstance(values, list):
        gaps.append(f"{where}: {key}: expected a list of numbers, found {_kind(values)}; ignored")
        return None
    array = np.array([plain_float(value) for value in values], dtype=np.float64)
    nulls = np.array([value is None for value in values], dtype=bool)
    wrong = np.flatnonzero(~np.isfinite(array) & ~nulls)
    if len(wrong):
        first = int(wrong[0])
        found = values[first] if isinstance(values[first], float) else _kind(values[first])
        gaps.append(
            f"{where}: {key}[{first}]: expected a number, found {found}; "
            f"{len(wrong)} of {len(values)} entries are taken as not recorded"
        )
        array[wrong] = np.nan
    return array


def plain_float(value: object) -> float:
    """Returns a number of a JSON file, NaN for what is none or is too large to be one."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        return float(value) if is_number else math.nan  # type: ignore[arg-type]
    except OverflowError:
        return math.nan


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
    return names.get(type(value), type(value).__name__)
