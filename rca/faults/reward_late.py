"""A step is paid for by the step after it."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper


class Late(Wrapper):
    """Pays one step late."""

    _last = 0.0

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        paid, self._last = self._last, float(reward)
        return obs, paid, terminated, truncated, info


@fault(
    "reward_late",
    causes=("reward_wrong",),
    caught_by=("reward.sign_and_lag",),
    source="signals.md, faults",
)
def reward_late(build: Build) -> Build:
    """A step is paid for by the step after it."""
    return with_wrapper(build, Late, evaluation=False)
