"""Whether twin critics learn by a squared error from one target, whatever that target is.

Every value q of a critic that is trained by c (q - y)^2 receives the gradient 2c (q - y). Two
critics with the same y therefore fulfil, row by row,

    q1 - q2 = (g1 - g2) / 2c

with one unknown, and the target y = q1 - g1 / 2c can be read off. Neither needs to know which steps
are in the batch, or what they are worth: a memory that is wrong leaves this equation as it is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rca.wiring.facts import LossFit

Floats = NDArray[np.float64]
FIT = 1e-3
"""Residual over the size of q1 - q2 up to which the equation holds; float32 leaves 1e-5."""
SAME = 1e-3
"""Spread of the target over that of its distance from q up to which all rows have one target."""
MIN_ROWS = 8
APART = 1e-4
"""Difference of the twins, relative to their size, below which float32 leaves too little of it."""


@dataclass
class Loss:
    """What all batches together show.

    Attributes:
        tried: Batches of twin critics whose values differ.
        fitted: Those in which the equation holds.
        single: Those of them in which all rows have the same target.
    """

    tried: int = 0
    fitted: int = 0
    single: int = 0

    def add(self, q: Floats, gradient: Floats) -> None:
        """Looks at a batch; one that can tell nothing is left out.

        Args:
            q: Values of two critics. [2, batch]
            gradient: Of the loss by them. [2, batch]
        """
        if q.shape[1] < MIN_ROWS or not (np.isfinite(q).all() and np.isfinite(gradient).all()):
            return
        apart, pull = q[0] - q[1], gradient[0] - gradient[1]
        if _size(apart) <= APART * _size(q) or not pull.any():
            return
        self.tried += 1
        per_gradient = float(apart @ pull / (pull @ pull))
        if _size(apart - per_gradient * pull) > FIT * _size(apart):
            return
        self.fitted += 1
        distance = per_gradient * gradient[0]
        self.single += bool(np.std(q[0] - distance) <= SAME * np.std(distance))

    def facts(self) -> LossFit:
        """Returns what was seen as plain data."""
        return LossFit(tried=self.tried, fitted=self.fitted, single=self.single)


def _size(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))
