"""The memory stacks frames from the newest to the oldest, the environment the other way round.

Whoever learns from the one and drives by the other sees every motion in reverse.
"""

from dataclasses import replace

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Batch, Observations, Replay


class Backwards(Replay):
    """Collects the frames of a stack on its way back in time."""

    def sample(
        self, size: int, rng: np.random.Generator, n_step: int = 1, discount: float = 1.0
    ) -> Batch:
        batch = super().sample(size, rng, n_step, discount)
        obs, after = (
            Observations(part.image.flip(1), part.vector) for part in (batch.obs, batch.next_obs)
        )
        return replace(batch, obs=obs, next_obs=after)


@fault(
    "memory_stacks_backwards",
    causes=("acts_on_another_input", "frames_wrong", "replay_wrong"),
    source="a slip of memories that keep single frames: [frames[i - k] for k in range(stack)]",
    blind=7,
)
def memory_stacks_backwards(build: Build) -> Build:
    """The newest frame comes first in sampled stacks, and last in those that the policy sees."""
    return with_replay(build, Backwards)
