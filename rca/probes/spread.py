"""Histograms at evaluations: what a probe is for signals, a spread is for whole distributions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from rca.collect import collect
from rca.probes.histogram import Histogram
from rca.td3.agent import TD3
from rca.td3.events import Evaluated

BINS = 40
FLAT = 1e-6
"""Share of their size by which values must differ to be told apart: about what float32 holds."""
Values = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Spread:
    """How the values of one quantity are read off an evaluation.

    Attributes:
        name: `<part>/<quantity>`; a `*` stands for the keys of the mapping that is returned.
        unit: Of the values.
        bounds: First and last edge, moved out where a value lies beyond; None for the extremes
            that were found.
        read: Called with the event and the agent; draws from no generator.
    """

    name: str
    unit: str
    bounds: tuple[float, float] | None
    read: Callable[[Evaluated, TD3], Values]


def spread(
    name: str, *, unit: str, bounds: tuple[float, float] | None = None
) -> Callable[[Callable[[Evaluated, TD3], Values]], Spread]:
    """Marks a function of an evaluation and its agent as a spread, see Spread."""
    return lambda read: Spread(name, unit, bounds, read)


def load_spreads() -> list[Spread]:
    """Returns the spreads in this folder."""
    return collect(Path(__file__).parent, Spread)


def histograms(event: Evaluated, agent: TD3, spreads: list[Spread]) -> list[Histogram]:
    """Returns a histogram of everything that an evaluation shows; weights stay as they are."""
    with torch.no_grad():
        return [
            counted(item.name.replace("*", key), item.unit, event.step, values, item.bounds)
            for item in spreads
            for key, values in item.read(event, agent).items()
        ]


def counted(
    name: str,
    unit: str,
    step: int,
    values: torch.Tensor,
    bounds: tuple[float, float] | None = None,
) -> Histogram:
    """Returns how values are spread over the bounds, wider where finite values lie beyond."""
    finite = values[torch.isfinite(values)].double().cpu().numpy()
    seen = [*(bounds or ()), *finite]
    low, high = (float(min(seen)), float(max(seen))) if seen else (0.0, 1.0)
    if high - low < FLAT * max(abs(low), abs(high)) or low == high:  # a bin in the middle
        half = max(0.5, FLAT * max(abs(low), abs(high)))
        low, high = low - half, high + half
    counts, _ = np.histogram(finite, bins=BINS, range=(low, high))
    odd = values.numel() - finite.size
    return Histogram(name, unit, step, low, high, tuple(counts.tolist()), odd)
