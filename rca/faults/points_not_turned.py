"""Route points are shifted to the car and not turned into its frame."""

import math
from typing import Any

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper

POINTS = 3
"""Where they begin in the vector (rca.envs.driving.DrivingEnv)."""


class WorldAxes(Wrapper):
    """Shows points as east and north differences, which say nothing without the car's heading."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        obs, info = self.env.reset(**options)
        return self._turned_back(obs), info

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        return self._turned_back(obs), float(reward), terminated, truncated, info

    def _turned_back(self, obs: Any) -> Any:
        car = self.env.unwrapped.rig.vehicle  # type: ignore[attr-defined]
        heading = math.radians(car.get_transform().rotation.yaw)
        cos, sin = math.cos(heading), math.sin(heading)
        vector = obs["vector"].copy()
        ahead, right = vector[POINTS::2].copy(), vector[POINTS + 1 :: 2].copy()
        vector[POINTS::2] = ahead * cos - right * sin
        vector[POINTS + 1 :: 2] = ahead * sin + right * cos
        return {**obs, "vector": np.clip(vector, -1.0, 1.0)}


@fault(
    "points_not_turned",
    causes=("observation_wrong",),
    source="a classic of driving environments: waypoint minus location, without the rotation",
    caught_by=("env.witnessed",),
    blind=2,
)
def points_not_turned(build: Build) -> Build:
    """Route points are observed along the axes of the map instead of the car's."""
    return with_wrapper(build, WorldAxes)
