"""The observed speed is in km/h and scaled by a maximum in m/s.

It is 3.6 times too large and sticks at the end of its range from 5.6 m/s on, so that the speed that
the reward wants cannot be told from any faster one; whoever drives by it crawls.
"""

from typing import Any

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper

SPEED = 0
"""Its place in the vector (rca.envs.driving.DrivingEnv)."""
KMH = 3.6


def in_kmh(obs: Any) -> Any:
    """Returns an observation whose speed was converted before it was scaled and clipped."""
    vector = obs["vector"].copy()
    vector[SPEED] = np.clip(KMH * vector[SPEED], -1.0, 1.0)
    return {**obs, "vector": vector}


class Speedometer(Wrapper):
    """Shows the speed as a speedometer does."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        obs, info = self.env.reset(**options)
        return in_kmh(obs), info

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        return in_kmh(obs), float(reward), terminated, truncated, info


@fault(
    "speed_in_kmh",
    causes=("observation_wrong",),
    source="3.6 * |velocity| of CARLA's manual_control.py, copied beside a maximum in m/s",
    caught_by=("env.witnessed",),
    blind=5,
)
def speed_in_kmh(build: Build) -> Build:
    """The speed is observed in km/h, divided by the highest in m/s and cut off at 5.6 m/s."""
    return with_wrapper(build, Speedometer)
