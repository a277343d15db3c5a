"""All that is left of a reward is its sign."""

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper


class Sign(Wrapper):
    """Pays -1, 0 or 1."""

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        return obs, float(np.sign(float(reward))), terminated, truncated, info


@fault(
    "reward_clipped_to_sign",
    causes=("reward_wrong", "progress_outweighs_penalties"),
    source="the reward clipping of Atari wrappers (Mnih et al. 2015) kept for another task",
    caught_by=("env.witnessed",),
    blind=1,
)
def reward_clipped_to_sign(build: Build) -> Build:
    """Rewards are clipped to their sign: a collision costs what one slow step earns."""
    return with_wrapper(build, Sign, evaluation=False)
