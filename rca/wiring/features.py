"""Which columns of a network's input are an encoder's features: found by the numbers themselves.

The first and the last row of what each encoder returns are kept, and the first and last row of an
input are searched for them: that holds through `torch.cat`, `detach` and `no_grad`, where the
autograd graph shows nothing.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

KEPT = 48
"""Outputs of encoders that are remembered."""
KEPT_STEPS = 3
"""Steps of optimizers for which they are: features may be used again within an update."""
MAX_PLACES = 1000
"""Places compared in one search for features; rectified ones may begin with a common 0."""

Row = NDArray[np.float32]


def _same(numbers: Row) -> Row:
    return numbers


def _rectified(numbers: Row) -> Row:
    return np.maximum(numbers, np.float32(0))


ACTIVATIONS: tuple[tuple[Callable[[Row], Row], float], ...] = (
    (_same, 0.0),
    (_rectified, 0.0),
    (np.tanh, 1e-6),
)
"""Functions that may stand behind an encoder's last layer, and how far they may differ: torch
rounds its tanh otherwise than numpy."""


@dataclass(frozen=True)
class Features:
    """What an encoder returned.

    Attributes:
        encoder: Its name.
        rows: Of the batch.
        step: Of the optimizers, before which it was.
        forms: First and last row, flattened, behind each of ACTIVATIONS, and how far they may
            differ. [features]
    """

    encoder: str
    rows: int
    step: int
    forms: tuple[tuple[Row, Row, float], ...]

    @classmethod
    def of(cls, encoder: str, output: torch.Tensor, step: int) -> "Features":
        """Keeps what recognises an output; not a dead encoder's zeros, which are everywhere."""
        first, last = row(output, 0), row(output, -1)
        forms = [(act(first), act(last), slack) for act, slack in ACTIVATIONS]
        alive = tuple(form for form in forms if len(np.unique(form[0][form[0] != 0])) > 1)
        return cls(encoder, len(output), step, alive)

    def columns(self, first: Row, last: Row, rows: int) -> tuple[int, int] | None:
        """Returns the columns of an input that are these features, None if none are.

        Args:
            first: Row of the input. [columns]
            last: Row of the input. [columns]
            rows: Of the input's batch.
        """
        if rows != self.rows:
            return None
        for one, other, slack in self.forms:
            wide = len(one)
            begins = np.abs(first[: max(0, len(first) - wide + 1)] - one[0]) <= slack
            for place in np.flatnonzero(begins)[:MAX_PLACES]:
                columns = slice(place, place + wide)
                if (np.abs(first[columns] - one) <= slack).all() and (
                    np.abs(last[columns] - other) <= slack
                ).all():
                    return int(place), int(place) + wide
        return None


class Remembered:
    """The newest features of every encoder."""

    def __init__(self) -> None:
        self._newest: deque[Features] = deque(maxlen=KEPT)
        self._step = 0

    def add(self, encoder: str, output: torch.Tensor) -> None:
        """Keeps what an encoder returned, [batch, ...], until it is old."""
        self._newest.append(Features.of(encoder, output, self._step))

    def forget(self) -> None:
        """Counts a step of the optimizers and drops what is older than KEPT_STEPS of them."""
        self._step += 1
        while self._newest and self._newest[0].step <= self._step - KEPT_STEPS:
            self._newest.popleft()

    def places(self, tensor: torch.Tensor) -> Iterator[tuple[str, tuple[int, int]]]:
        """Yields the encoders whose newest features stand in an input, and where.

        Encoders with equal weights return equal features: then none is yielded, as nobody can
        tell them apart.
        """
        if tensor.dim() < 2 or not tensor.is_floating_point() or not len(tensor):
            return
        first, last = row(tensor, 0), row(tensor, -1)
        by_place: dict[tuple[int, int], set[str]] = {}
        for features in self._newest:
            place = features.columns(first, last, len(tensor))
            if place is not None:
                by_place.setdefault(place, set()).add(features.encoder)
        yield from ((names.pop(), at) for at, names in by_place.items() if len(names) == 1)


def row(tensor: torch.Tensor, number: int) -> Row:
    """Returns one row of a batch, flattened, as a copy."""
    values: Row = tensor[number].detach().float().flatten().cpu().numpy().copy()
    return values
