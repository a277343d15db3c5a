"""One reward is not a number."""

import math

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper

AT = 1_500
"""Step of it: in the learning phase of the benchmark's runs."""


class NotANumber(Wrapper):
    """Pays NaN once."""

    _steps = 0

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        self._steps += 1
        broken = math.nan if self._steps == AT else float(reward)
        return obs, broken, terminated, truncated, info


@fault(
    "reward_nan_once",
    causes=("nan_values",),
    caught_by=("signals.finite",),
    source="RLDebugger; signals.md",
    begins=AT,
)
def reward_nan_once(build: Build) -> Build:
    """One reward is not a number."""
    return with_wrapper(build, NotANumber, evaluation=False)
