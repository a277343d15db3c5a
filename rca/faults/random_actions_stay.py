"""Three of ten actions in training stay uniformly random after the random phase.

The share is meant for an arm whose steps are long and slow. Here a random wheel angle comes every
sixth of a second, on top of the Gaussian noise, and no drive holds its lane for long.
"""

import numpy as np
from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.replay import Obs

SHARE = 0.3
"""`random_eps` of Baselines' HER."""


class EpsilonGreedy(TD3):
    """Throws dice for whether to ask the policy at all."""

    def act(self, obs: Obs, noise: float, rng: np.random.Generator) -> NDArray[np.float32]:
        if noise > 0 and rng.random() < SHARE:
            return rng.uniform(-1.0, 1.0, self.shapes.action).astype(np.float32)
        return super().act(obs, noise, rng)


@fault(
    "random_actions_stay",
    causes=("exploration_noise_high", "policy_not_driving"),
    source="OpenAI Baselines, HER's ddpg.py: random_eps = 0.3 beside noise_eps, copied with it; or"
    " an epsilon left from DQN",
    caught_by=("wiring.exploration",),
    blind=6,
)
def random_actions_stay(build: Build) -> Build:
    """The learning phase is epsilon-greedy as well as noisy, with an epsilon of 0.3."""
    return with_agent(build, EpsilonGreedy)
