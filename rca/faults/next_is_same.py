"""The next observation is the observation itself."""

from dataclasses import replace

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Batch, Replay


class Standing(Replay):
    """Learns from transitions that lead nowhere."""

    def sample(
        self, size: int, rng: np.random.Generator, n_step: int = 1, discount: float = 1.0
    ) -> Batch:
        batch = super().sample(size, rng, n_step, discount)
        return replace(batch, next_obs=batch.obs)


@fault(
    "next_is_same",
    causes=("replay_wrong",),
    caught_by=("wiring.next_state",),
    source="RLMutation: missing state update",
)
def next_is_same(build: Build) -> Build:
    """The next observation is the observation itself."""
    return with_replay(build, Standing)
