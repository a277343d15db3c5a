"""Ticks of logarithmic axes: round numbers that leave room for one another."""

import math
from collections.abc import Iterable

from rca.report.chart import Scale

ROOM = 0.1
"""Share of the axis between two ticks, at least."""


def ticks(span: tuple[float, float], scale: Scale, threshold: float = 1.0) -> list[float]:
    """Returns powers of ten, then twos and fives where there is room; [] on a linear axis.

    Args:
        span: Ends of the axis.
        scale: Of the axis.
        threshold: Size below which a symmetric axis is linear.
    """
    if scale == "linear":
        return []

    def place(value: float) -> float:
        return math.asinh(value / threshold) if scale == "symlog" else math.log10(value)

    low, high = place(span[0]), place(span[1])
    kept: dict[float, float] = {}
    for value in _candidates(span, scale, threshold):
        at = (place(value) - low) / ((high - low) or 1.0)
        if 0 <= at <= 1 and all(abs(at - other) >= ROOM for other in kept.values()):
            kept[value] = at
    return sorted(kept)


def _candidates(span: tuple[float, float], scale: Scale, threshold: float) -> Iterable[float]:
    """Yields 0, then powers of ten from the largest down, then twos and fives."""
    largest = max(abs(span[0]), abs(span[1]))
    least = span[0] if scale == "log" else threshold
    if scale == "symlog":
        yield 0.0
    decades = range(math.ceil(math.log10(largest)), math.floor(math.log10(least)) - 1, -1)
    for factor in (1, 5, 2):
        for decade in decades:
            value = factor * 10.0**decade
            yield value
            if scale == "symlog":
                yield -value
