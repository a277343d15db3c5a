"""An action turns the wheel further, as a held key does, instead of setting its angle.

Half a second of slight steering ends at a large angle that stays when the action is 0 again, and no
observation shows it: the same action in the same observation drives different bends.
"""

from typing import Any

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper

INCREMENT = 0.1
"""Steering that an action of 1 adds at each step."""


class Cached(Wrapper):
    """Adds steering up behind the place where the action is reported."""

    _wheel = 0.0

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        self._wheel = 0.0
        return self.env.reset(**options)

    def step(self, action: Action) -> Step:
        self._wheel = min(1.0, max(-1.0, self._wheel + INCREMENT * float(action[0])))
        control = np.array([self._wheel, *action[1:]], np.float32)
        obs, reward, terminated, truncated, info = self.env.step(control)
        if "applied" in info:
            info = {**info, "applied": tuple(float(part) for part in action)}
        return obs, float(reward), terminated, truncated, info


@fault(
    "steering_accumulates",
    causes=("action_path_wrong",),
    source="`_steer_cache += steer_increment` of CARLA's manual_control.py, kept for the agent",
    caught_by=("env.witnessed",),
    blind=5,
)
def steering_accumulates(build: Build) -> Build:
    """The wheel keeps its angle and each steering action is added to it."""
    return with_wrapper(build, Cached)
