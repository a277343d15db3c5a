"""Whether a transition comes with the same action each time it is learned from.

Asked where no action of a batch was executed, so that actions cannot name the transition. Its two
pictures do: they are the same bits at every visit, unless they are augmented.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from rca.wiring.call import Call

MAX_KEPT = 100_000
"""Transitions that are remembered; 10 MB of 20 numbers beside the features."""


class Visits:
    """Compares the critic's input beside the features between two visits of one transition.

    Attributes:
        seen: Visits compared with an earlier one.
        varied: Those in which as many neighbouring numbers differ as an action has, and no other.
    """

    def __init__(self) -> None:
        self.seen = self.varied = 0
        self._known: dict[bytes, NDArray[np.float32]] = {}
        self._differences: list[NDArray[np.float32]] = []

    @property
    def deviation(self) -> float | None:
        """Standard deviation of what is added at each visit; None: nothing is known to be."""
        if not self._differences:
            return None
        return float(np.std(np.concatenate(self._differences)) / np.sqrt(2))  # of a difference

    def see(self, call: Call, pictures: Sequence[torch.Tensor], size: int) -> None:
        """Takes note of a batch.

        Args:
            call: Of the critic.
            pictures: Of its rows and of their successors, each [batch, channels, rows, columns].
            size: Numbers in an action.
        """
        rest = _beside_features(call)
        if rest is None or rest.shape[1] < size:
            return
        whole = [part for part in pictures if len(part) == len(rest)]
        if len(whole) < 2 or whole[0].shape != whole[-1].shape:
            return
        for key, row in zip(_names(whole[0], whole[-1]), rest, strict=True):
            if key is None:
                continue
            before = self._known.get(key)
            if before is not None:
                self._compare(row - before, size)
            elif len(self._known) < MAX_KEPT:
                self._known[key] = row

    def _compare(self, difference: NDArray[np.float32], size: int) -> None:
        self.seen += 1
        places = np.flatnonzero(difference)
        if len(places) and places[-1] - places[0] < size:
            self.varied += 1
            self._differences.append(difference[places])


def _beside_features(call: Call) -> NDArray[np.float32] | None:
    """Returns the columns of the critic's input that are no features; None: none are known."""
    for tensor, places in zip(call.inputs, call.found, strict=True):
        if places:
            free = np.ones(tensor.shape[1], bool)
            for first, behind in places:
                free[first:behind] = False
            batch: NDArray[np.float32] = tensor.float().cpu().numpy()
            return batch[:, free]
    return None


def _names(pictures: torch.Tensor, following: torch.Tensor) -> list[bytes | None]:
    """Returns a digest of each row's pictures; None where the next picture is the same.

    Then the car stands, and many steps look like this one.
    """
    still = (pictures == following).flatten(1).all(1).tolist()
    pairs = torch.cat([pictures.flatten(1), following.flatten(1)], 1).float().cpu().numpy()
    return [
        None if stands else hashlib.blake2b(row.tobytes(), digest_size=16).digest()
        for stands, row in zip(still, pairs, strict=True)
    ]
