"""The rewards of each batch are brought to mean 0 and standard deviation 1."""

from dataclasses import replace

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Batch, Replay


class Standardised(Replay):
    """Measures rewards by those that happen to be drawn with them."""

    def sample(
        self, size: int, rng: np.random.Generator, n_step: int = 1, discount: float = 1.0
    ) -> Batch:
        batch = super().sample(size, rng, n_step, discount)
        reward = batch.reward
        spread = reward.std(correction=0) + 1e-6
        return replace(batch, reward=(reward - reward.mean()) / spread)


@fault(
    "rewards_standardised",
    causes=("reward_wrong", "replay_wrong"),
    source="SAC and TD3 of the Popular-RL-Algorithms repository: normalised with the batch's mean",
    caught_by=("wiring.memory",),
    blind=2,
)
def rewards_standardised(build: Build) -> Build:
    """Sampled rewards are standardised within each batch, so that their level is lost."""
    return with_replay(build, Standardised)
