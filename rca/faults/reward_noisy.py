"""Noise far larger than a step's reward is added to it."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper


class Noisy(Wrapper):
    """Adds Gaussian noise to the reward."""

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        return obs, float(reward) + self.np_random.normal(0.0, 1.0), terminated, truncated, info


@fault(
    "reward_noisy",
    causes=("reward_wrong",),
    caught_by=("reward.sign_and_lag",),
    source="RLMutation: reward noise",
)
def reward_noisy(build: Build) -> Build:
    """Noise far larger than a step's reward is added to it."""
    return with_wrapper(build, Noisy, evaluation=False)
