"""Controls reach the car four times a second, the agent decides twenty times."""

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper

HELD = 5
"""Steps for which one control is applied, a quarter of a second at 20 steps a second."""


class Held(Wrapper):
    """Drops actions behind the place where they are reported; its clock runs on across resets."""

    _steps = 0

    def step(self, action: Action) -> Step:
        if self._steps % HELD == 0:
            self._control = np.array(action)
        self._steps += 1
        obs, reward, terminated, truncated, info = self.env.step(self._control)
        if "applied" in info:
            info = {**info, "applied": tuple(float(part) for part in action)}
        return obs, float(reward), terminated, truncated, info


@fault(
    "controls_held",
    causes=("action_path_wrong",),
    source="a slip of robot software: the control loop runs slower than what commands it",
    caught_by=("env.witnessed",),
    blind=3,
)
def controls_held(build: Build) -> Build:
    """The car holds each control for five steps and ignores the four actions between."""
    return with_wrapper(build, Held)
