"""Whether frames are in order where the agent acts, and the same where it learns."""

from collections import Counter, deque
from collections.abc import Sequence

import torch

from rca.wiring.actions import Executed
from rca.wiring.facts import FrameFacts

KEPT = 256
"""Pictures of acting passes that are remembered: 29 MB of four 84x84 frames."""
LAG = 4
"""Pictures between two that tell which channels stand still, or fewer if there are fewer channels:
the usual stack has four frames."""


class Frames:
    """Compares the picture behind an executed step with others.

    With that of the step before: a stack that moves on keeps its newer frames and drops its oldest,
    so all channels that recur do so shifted by one frame, always in the same direction. With that
    of the same step in a batch: it should be the same picture, not its frames in another order.
    A channel that is the same after a few pictures is no frame of a stack (a mask, a goal, an empty
    layer of a map), or nothing moves, or a frame came again: that it recurs in its place is no sign
    of a stack.
    """

    def __init__(self) -> None:
        self._before: torch.Tensor | None = None
        self._past: deque[torch.Tensor] = deque(maxlen=LAG)
        self._acted: deque[tuple[int, torch.Tensor]] = deque(maxlen=KEPT)
        self._sharing = self._learned = self._kept = 0
        self._moved: Counter[int] = Counter()

    def see(self, step: int, picture: torch.Tensor | None, *, ended: bool) -> None:
        """Takes note of a step.

        Args:
            step: Its number among those told.
            picture: What entered the first convolution before it, [channels, rows, columns]; None
                if nothing did (a random action).
            ended: Whether the episode was over with it.
        """
        before, self._before = self._before, None if ended else picture
        if picture is not None:
            self._acted.append((step, picture))
            self._compare(before, picture)
            self._past.append(picture)
        if ended:
            self._past.clear()

    def _compare(self, before: torch.Tensor | None, picture: torch.Tensor) -> None:
        """Holds a picture against the one a step before, and those before that."""
        lag = min(LAG, len(picture))
        past = [p for p in self._past if p.shape == picture.shape][-lag:]
        if before is None or len(past) < lag or before.shape != picture.shape:
            return
        same, alike = _equal(before, picture), _equal(before, before)
        moves = (past[0] != picture).flatten(1).any(1)
        moving = same[moves][:, moves]
        if moving.all() or not moving.any():
            return
        self._sharing += 1
        shifts = {*_shifts(same, alike), *_shifts(moving, alike[moves][:, moves])}
        self._moved.update(shifts)

    def learn(self, steps: Sequence[Executed | None], batches: Sequence[torch.Tensor]) -> None:
        """Takes note of a batch.

        Args:
            steps: Of its rows; None where unknown.
            batches: Pictures of the same rows, of the steps or their successors, each [batch,
                channels, rows, columns].
        """
        acted = dict(self._acted)
        for row, step in enumerate(steps):
            picture = acted.get(step.index) if step is not None else None
            if picture is None or _equal(picture, picture).all():
                continue
            others = [
                b[row] for b in batches if len(b) == len(steps) and b[row].shape == picture.shape
            ]
            found = [o for o in others if bool(_equal(picture, o).any(1).all())]
            self._learned += bool(found)
            self._kept += any(torch.equal(picture, other) for other in found)

    def facts(self) -> FrameFacts:
        """Returns what was seen."""
        return FrameFacts(
            sharing=self._sharing,
            moved=max(self._moved.values(), default=0),
            learned=self._learned,
            kept=self._kept,
        )


def _equal(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Returns which channels are equal, [channels of one, channels of other]."""
    return (one[:, None] == other[None]).flatten(2).all(2)


def _shifts(same: torch.Tensor, alike: torch.Tensor) -> list[int]:
    """Returns the shifts of channels that explain every channel that recurs.

    Args:
        same: Channels of the step before that equal those of this step. [channels, channels]
        alike: Channels of the step before that equal one another. [channels, channels]
    """
    found, channels = [], len(same)
    for shift in range(1 - channels, channels):
        first = max(0, -shift)
        rows = slice(first, first + channels - abs(shift))
        if shift and same.diagonal(shift).all() and alike[same.any(1)][:, rows].any(1).all():
            found.append(shift)
    return found
