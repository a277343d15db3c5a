"""What a trainer tells, as plain numbers and words."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, SupportsFloat

import numpy as np
import torch

from rca.config import flatten
from rca.judging import as_number
from rca.runs.declared import declared
from rca.runs.record import END_REASONS


def number(value: SupportsFloat) -> float:
    """Returns a number, be it in a tensor or an array of one element.

    Raises:
        ValueError, TypeError, RuntimeError: It is none.
    """
    return float(value.item() if isinstance(value, torch.Tensor | np.ndarray) else value)


def known(readings: Mapping[str, SupportsFloat | None]) -> dict[str, float]:
    """Returns the readings that have a value this time: an actor is not updated each time."""
    return {name: number(value) for name, value in readings.items() if value is not None}


def mean(values: Iterable[SupportsFloat]) -> float:
    """Returns the mean, NaN of nothing."""
    found = [number(value) for value in values]
    return float(np.mean(found)) if found else math.nan


def end_reason(info: Mapping[str, Any], *, truncated: bool) -> str | None:
    """Returns how an episode ended as an environment's info says it, None if it does not."""
    said = info.get("end_reason")
    if said in END_REASONS:
        return str(said)
    return "time_out" if truncated else None


def success(info: Mapping[str, Any]) -> float:
    """Returns 1.0 or 0.0 as an environment's info says it, NaN if it does not."""
    said = info.get("is_success", info.get("success"))
    return float(said) if isinstance(said, bool | int | float | np.bool_ | np.number) else math.nan


def discount(config: Mapping[str, object]) -> float | None:
    """Returns the discount that a config declares, under any known name, None if it does not."""
    leaves = {f"watch:{key}": value for key, value in flatten(config).items()}
    value = as_number(declared(leaves).config.get("agent.discount"))
    return value if 0 <= value <= 1 else None


def plain(config: Mapping[str, object]) -> dict[str, object]:
    """Returns a config as JSON values; what is none becomes text."""
    found: dict[str, object] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            found[str(key)] = plain({str(k): v for k, v in value.items()})
        else:
            is_json = isinstance(value, bool | int | str | None) or (
                isinstance(value, float) and math.isfinite(value)
            )
            found[str(key)] = value if is_json else str(value)
    return found
