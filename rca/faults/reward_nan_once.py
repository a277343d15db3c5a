"""One reward is not a number."""

import math

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper


class NotANumber(Wrapper):
    """Pays NaN once, at step 1,500."""

    _steps = 0

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        self._steps += 1
        broken = math.nan if self._steps == 1500 else float(reward)
        return obs, broken, terminated, truncated, info


@fault(
    "reward_nan_once",
    causes=("nan_values",),
    caught_by=("signals.finite",),
    source="RLDebugger; signals.md",
)
def reward_nan_once(build: Build) -> Build:
    """One reward is not a number."""
    return with_wrapper(build, NotANumber, evaluation=False)
