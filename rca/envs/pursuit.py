"""A scripted driver, the healthy control: pure pursuit (Coulter 1992, CMU-RI-TR-92-01)."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rca.config import EnvConfig
from rca.envs.driving import SPEED_SCALE

WHEELBASE = 2.87
"""Of the Tesla Model 3, metres."""
MAX_WHEEL_ANGLE = math.radians(63.0)
"""Wheel angle at full steering: CARLA's 70 degrees, less its steering curve at about 20 km/h."""
LOOK_AHEAD = 1.0, 6.0
"""Seconds and least metres to the point aimed at."""
CRUISE = 8.0
"""Speed on a straight road, m/s."""
SIDEWAYS = 2.5
"""Sideways acceleration it allows itself in bends, m/s^2: brisk, far below the tyres' 8.5."""
PEDAL_GAIN = 0.5
"""Pedal per m/s of difference to the wanted speed."""


class PurePursuit:
    """Maps an observation to an action, using nothing but the observation's `vector`."""

    def __init__(self, config: EnvConfig) -> None:
        self._reach = config.num_waypoints * config.waypoint_spacing

    def __call__(self, obs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Returns steering and pedal in [-1, 1], [2]."""
        vector = np.asarray(obs["vector"], dtype=np.float64)
        speed = float(vector[0]) * SPEED_SCALE
        points = vector[3:].reshape(-1, 2) * self._reach  # [num_waypoints, ahead and right]
        distances = np.hypot(points[:, 0], points[:, 1])
        bends = 2 * points[:, 1] / np.maximum(distances, LOOK_AHEAD[1]) ** 2  # 1/m
        seconds, least = LOOK_AHEAD
        aim = int(np.argmin(np.abs(distances - max(least, seconds * speed))))
        steer = math.atan(WHEELBASE * float(bends[aim])) / MAX_WHEEL_ANGLE
        wanted = min(CRUISE, math.sqrt(SIDEWAYS / max(float(np.abs(bends).max()), 1e-6)))
        pedal = PEDAL_GAIN * (wanted - speed)
        return np.clip([steer, pedal], -1.0, 1.0).astype(np.float32)
