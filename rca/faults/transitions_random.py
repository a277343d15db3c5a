"""Rewards belong to other transitions of the batch."""

from dataclasses import replace

import numpy as np
import torch

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Batch, Replay


class Mixed(Replay):
    """Deals out the rewards of a batch anew."""

    def sample(
        self, size: int, rng: np.random.Generator, n_step: int = 1, discount: float = 1.0
    ) -> Batch:
        batch = super().sample(size, rng, n_step, discount)
        return replace(batch, reward=batch.reward[torch.from_numpy(rng.permutation(size))])


@fault(
    "transitions_random",
    causes=("replay_wrong",),
    caught_by=("wiring.rewards",),
    source="RLMutation: random transitions",
)
def transitions_random(build: Build) -> Build:
    """Rewards belong to other transitions of the batch."""
    return with_replay(build, Mixed)
