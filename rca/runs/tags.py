"""Foreign scalar tags and what they mean here: tags.yaml, with the user's own table before it."""

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rca.errors import UsageError
from rca.runs.record import EVALUATION_COLUMNS
from rca.yaml_file import read_yaml

BUILT_IN = Path(__file__).with_name("tags.yaml")
EPISODE = "episode/"
"""Prefix of quantities with one value per episode."""
EVALUATION = "evaluation/"
"""Prefix of columns of the evaluation table."""


@dataclass(frozen=True)
class Tag:
    """What a foreign tag means.

    Attributes:
        signal: Our name.
        unit: Of the value times factor; "" if unknown.
        factor: From the logged unit to ours.
    """

    signal: str
    unit: str = ""
    factor: float = 1.0


TagTable = Mapping[str, Tag]


def load_tags(user: Path | None = None) -> TagTable:
    """Returns the meaning of foreign tags; the user's entries replace built-in ones.

    Args:
        user: YAML file in the form of rca/runs/tags.yaml.

    Raises:
        UsageError: Unreadable, not YAML, or an entry is malformed; names file and tag.
    """
    table = {tag: _entry(BUILT_IN, tag, entry) for tag, entry in read_yaml(BUILT_IN).items()}
    if user is not None:
        if not user.is_file():
            raise UsageError(f"{user}: no such file; give a YAML table of `tag: signal` lines")
        table |= {str(tag): _entry(user, str(tag), entry) for tag, entry in read_yaml(user).items()}
    return table


def _entry(path: Path, tag: str, entry: object) -> Tag:
    if isinstance(entry, str) and entry:
        entry = {"signal": entry}
    if not isinstance(entry, dict) or not isinstance(entry.get("signal"), str):
        raise UsageError(f"{path}: {tag}: write `signal name` or {{signal: name, unit: m/s}}")
    unknown = sorted(map(str, entry.keys() - {"signal", "unit", "factor"}))
    if unknown:
        raise UsageError(f"{path}: {tag}: unknown key {unknown[0]}; known: signal, unit, factor")
    factor = entry.get("factor", 1.0)
    if isinstance(factor, bool) or not isinstance(factor, int | float) or not _usable(factor):
        raise UsageError(f"{path}: {tag}: factor must be a number other than 0, got {factor!r}")
    _known_name(path, tag, entry["signal"])
    return Tag(entry["signal"], str(entry.get("unit", "")), float(factor))


def _usable(factor: float) -> bool:
    return math.isfinite(factor) and factor != 0


def _known_name(path: Path, tag: str, signal: str) -> None:
    table, _, part = signal.partition(".")
    if table in ("episodes", "evaluations"):  # as checks name what they need
        raise UsageError(f"{path}: {tag}: write {table.removesuffix('s')}/{part}, not {signal}")
    column = signal.removeprefix(EVALUATION)
    if column == signal or column in EVALUATION_COLUMNS:
        return
    nearest = difflib.get_close_matches(column, EVALUATION_COLUMNS, n=1, cutoff=0.0)[0]
    raise UsageError(f"{path}: {tag}: no evaluation column {column}; did you mean {nearest}?")
