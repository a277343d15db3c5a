"""The reward has the wrong sign."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper


class Negated(Wrapper):
    """Turns the reward round."""

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        return obs, -float(reward), terminated, truncated, info


@fault(
    "reward_sign",
    causes=("reward_wrong",),
    caught_by=("reward.sign_and_lag",),
    source="RLMutation: incorrect reward",
)
def reward_sign(build: Build) -> Build:
    """The reward has the wrong sign."""
    return with_wrapper(build, Negated)
