"""Batches come from a sampler that was made once, when learning began.

Nearest cause: the transitions took place, but the later ones are never returned.
"""

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Batch, Replay


class MadeOnce(Replay):
    """Draws from the transitions that were there when it was first asked."""

    _known = 0

    def sample(
        self, size: int, rng: np.random.Generator, n_step: int = 1, discount: float = 1.0
    ) -> Batch:
        self._known = self._known or len(self)
        added, self._added = self._added, min(self._known, self._added)
        try:
            return super().sample(size, rng, n_step, discount)
        finally:
            self._added = added


@fault(
    "sampler_of_the_start",
    causes=("replay_wrong", "critic_overestimates"),
    source="a classic of PyTorch code: a DataLoader fixes the length of its data when it is made",
    caught_by=("wiring.memory",),
    blind=2,
)
def sampler_of_the_start(build: Build) -> Build:
    """Only the transitions of the random phase are ever sampled."""
    return with_replay(build, MadeOnce)
