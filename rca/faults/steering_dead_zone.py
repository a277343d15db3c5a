"""Small movements of the wheel are taken for a joystick's play."""

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper

PLAY = 0.2
"""Steering below which the wheels stay straight; XInput's default for a left stick is 0.24."""


class Joystick(Wrapper):
    """Drops small steering behind the place where the action is reported."""

    def step(self, action: Action) -> Step:
        control = np.array(action)
        if abs(control[0]) < PLAY:
            control[0] = 0.0
        obs, reward, terminated, truncated, info = self.env.step(control)
        if "applied" in info:
            info = {**info, "applied": tuple(float(part) for part in action)}
        return obs, float(reward), terminated, truncated, info


@fault(
    "steering_dead_zone",
    causes=("action_path_wrong",),
    source="CARLA control code written for a gamepad and kept for the agent: its dead zone",
    caught_by=("env.witnessed",),
    blind=4,
)
def steering_dead_zone(build: Build) -> Build:
    """The car drives straight on for any steering below 0.2, more than any bend needs."""
    return with_wrapper(build, Joystick)
