"""A batch is a slice of the memory from a random start: one stretch of one drive.

What replay is for, that the transitions of a batch are independent, is lost: each update fits a
second and a half of driving. Nearest cause: all of these transitions did take place, and no title
speaks of how they are chosen; the memory is what is wrong.
"""

import numpy as np
import torch

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Batch, Replay


class Slices(Replay):
    """Draws one number and takes what follows."""

    def sample(
        self, size: int, rng: np.random.Generator, n_step: int = 1, discount: float = 1.0
    ) -> Batch:
        start = int(rng.integers(max(1, len(self) - size)))
        slots = (start + np.arange(size, dtype=np.int64)) % len(self)
        reward, last, steps = self._sums(slots, n_step, discount)
        frames = self._rows.shape[1] - 1
        return Batch(
            obs=self._observations(self._rows[slots, :frames]),
            action=torch.from_numpy(self._actions[slots]),
            reward=torch.from_numpy(reward),
            next_obs=self._observations(self._rows[last, 1:]),
            terminated=torch.from_numpy(self._terminated[last]),
            steps=torch.from_numpy(steps) if n_step > 1 else 1.0,
        )


@fault(
    "batch_is_one_stretch",
    causes=("replay_wrong",),
    source="a slip of home-made memories: memory[i : i + batch_size], as for recurrent networks",
    caught_by=("wiring.batches",),
    blind=5,
)
def batch_is_one_stretch(build: Build) -> Build:
    """A batch consists of consecutive steps, drawn as one slice of the memory."""
    return with_replay(build, Slices)
