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
"""Places compared in one search for features, where their rarest number is a common one."""

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
class Form:
    """An encoder's output behind an activation.

    Attributes:
        first: Row of the output, flattened. [features]
        last: Likewise.
        slack: How far they may differ.
        rarest: Column of `first` by whose number it is searched for: rectified features begin with
            a 0 half of the time, and so does everything else.
    """

    first: Row
    last: Row
    slack: float
    rarest: int

    @classmethod
    def of(cls, first: Row, last: Row, slack: float) -> "Form | None":
        """Returns the form, None where it is a dead encoder's: hardly any number but 0."""
        numbers, columns, counts = np.unique(first, return_index=True, return_counts=True)
        alive = numbers != 0
        if alive.sum() < 2:
            return None
        return cls(first, last, slack, int(columns[alive][counts[alive].argmin()]))

    def place(self, first: Row, last: Row) -> tuple[int, int] | None:
        """Returns the columns of an input, by two of its rows, that are this; None if none are."""
        wide = len(self.first)
        ends = max(0, len(first) - wide + 1) + self.rarest
        at = np.abs(first[self.rarest : ends] - self.first[self.rarest]) <= self.slack
        for place in at.nonzero()[0][:MAX_PLACES]:
            columns = slice(place, place + wide)
            if (np.abs(first[columns] - self.first) <= self.slack).all() and (
                np.abs(last[columns] - self.last) <= self.slack
            ).all():
                return int(place), int(place) + wide
        return None


@dataclass(frozen=True)
class Features:
    """What an encoder returned.

    Attributes:
        encoder: Its name.
        rows: Of the batch.
        step: Of the optimizers, before which it was.
        forms: Behind each of ACTIVATIONS.
    """

    encoder: str
    rows: int
    step: int
    forms: tuple[Form, ...]

    @classmethod
    def of(cls, encoder: str, output: torch.Tensor, step: int) -> "Features":
        """Keeps what recognises an output; not a dead encoder's zeros, which are everywhere."""
        first, last = row(output, 0), row(output, -1)
        forms = (Form.of(act(first), act(last), slack) for act, slack in ACTIVATIONS)
        return cls(encoder, len(output), step, tuple(form for form in forms if form is not None))

    def columns(self, first: Row, last: Row, rows: int) -> tuple[int, int] | None:
        """Returns the columns of an input that are these features, None if none are.

        Args:
            first: Row of the input. [columns]
            last: Row of the input. [columns]
            rows: Of the input's batch.
        """
        if rows != self.rows:
            return None
        places = (form.place(first, last) for form in self.forms)
        return next((place for place in places if place is not None), None)


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
