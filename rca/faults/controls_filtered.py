"""Controls pass through a slow filter inside the environment."""

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper

KEPT = 0.9
"""Share of the last control in the next: half a second to follow at 20 steps a second."""


class Filtered(Wrapper):
    """Smooths controls behind the place where the action is reported, also across resets."""

    _control = np.zeros(2, np.float32)

    def step(self, action: Action) -> Step:
        self._control = (KEPT * self._control + (1 - KEPT) * action).astype(np.float32)
        obs, reward, terminated, truncated, info = self.env.step(self._control)
        if "applied" in info:
            info = {**info, "applied": tuple(float(part) for part in action)}
        return obs, float(reward), terminated, truncated, info


@fault(
    "controls_filtered",
    causes=("action_path_wrong",),
    source="CARLA environments descended from Carla-ppo: action_smoothing, unseen by the agent",
    caught_by=("env.witnessed",),
    blind=2,
)
def controls_filtered(build: Build) -> Build:
    """The environment smooths the controls over half a second without showing it."""
    return with_wrapper(build, Filtered)
