"""Exploration noise is a process that never comes back to its mean.

Each draw is added to the one before it, across resets too. After a hundred steps the noise is as
large as the range of an action, and the car is driven to one end of it whatever the policy says.
"""

import numpy as np
from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.replay import Obs


class Walking(TD3):
    """Explores by a random walk."""

    _noise: NDArray[np.float64] | float = 0.0

    def act(self, obs: Obs, noise: float, rng: np.random.Generator) -> NDArray[np.float32]:
        action = super().act(obs, 0.0, rng)
        if not noise > 0:
            return action
        self._noise = self._noise + rng.normal(0.0, noise, size=action.shape)
        return np.clip(action + self._noise, -1.0, 1.0).astype(np.float32)


@fault(
    "noise_walks",
    causes=("exploration_noise_high", "policy_not_driving"),
    source="a classic of DDPG code: an Ornstein-Uhlenbeck noise that lost theta * (mu - x)",
    caught_by=("wiring.exploration",),
    blind=5,
)
def noise_walks(build: Build) -> Build:
    """Exploration noise adds up from step to step until it outweighs the policy."""
    return with_agent(build, Walking)
