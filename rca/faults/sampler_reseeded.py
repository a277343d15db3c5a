"""The memory seeds its generator at every draw."""

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Batch, Replay

SEED = 42
"""Of every draw."""


class Reseeded(Replay):
    """Draws the same shares of its length each time: places that move as slowly as it grows."""

    def sample(
        self, size: int, rng: np.random.Generator, n_step: int = 1, discount: float = 1.0
    ) -> Batch:
        return super().sample(size, np.random.default_rng(SEED), n_step, discount)


@fault(
    "sampler_reseeded",
    causes=("replay_wrong",),
    source="a classic of NumPy code: seed() in the function that draws, to be reproducible",
    caught_by=("wiring.memory",),
    blind=4,
)
def sampler_reseeded(build: Build) -> Build:
    """Every update learns from nearly the same transitions as the one before it."""
    return with_replay(build, Reseeded)
