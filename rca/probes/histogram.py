"""How a quantity was spread, as numbers per bin: what probes hand over and records keep."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Histogram:
    """How the values of one quantity were spread at one step.

    Attributes:
        name: Such as `evaluation/action/0`.
        unit: Of the values.
        step: Environment step.
        low: Lower edge of the first bin.
        high: Upper edge of the last one.
        counts: Values per bin, bins of equal width; a value on an edge counts above it.
        not_finite: NaN and infinities, which are in no bin.
    """

    name: str
    unit: str
    step: int
    low: float
    high: float
    counts: tuple[int, ...]
    not_finite: int = 0

    @property
    def edges(self) -> NDArray[np.float64]:
        """Of the bins, one more than there are. [bins + 1]."""
        return np.linspace(self.low, self.high, len(self.counts) + 1)

    def quantiles(self, shares: Sequence[float]) -> NDArray[np.float64]:
        """Returns the values below which shares of the counted ones lie, to within a bin.

        NaN where nothing was counted. [shares]
        """
        counts = np.asarray(self.counts, np.float64)
        if not counts.any():
            return np.full(len(shares), np.nan)
        reached = np.cumsum(counts) / counts.sum()
        wanted = np.maximum(shares, 1e-12)  # the share 0 is where the first filled bin begins
        bins = np.searchsorted(reached, wanted)
        inside = 1 - (reached[bins] - wanted) * counts.sum() / counts[bins]
        low, width = self.edges[bins], (self.high - self.low) / len(counts)
        return np.asarray(low + inside * width, np.float64)
