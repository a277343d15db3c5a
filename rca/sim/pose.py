"""Rotations and attachment in CARLA's left-handed frame (x forward, y right, z up; degrees)."""

import math

import numpy as np
from numpy.typing import NDArray

from rca.sim.wire import Transform


def rotation(transform: Transform) -> NDArray[np.float64]:
    """Returns the 3x3 matrix whose columns are the forward, right and up directions."""
    pitch, yaw, roll = (math.radians(angle) for angle in transform[3:])
    cp, sp, cy, sy, cr, sr = (
        math.cos(pitch), math.sin(pitch), math.cos(yaw), math.sin(yaw),
        math.cos(roll), math.sin(roll),
    )  # fmt: skip
    return np.array(
        [
            [cp * cy, cy * sp * sr - sy * cr, -cy * sp * cr - sy * sr],
            [cp * sy, sy * sp * sr + cy * cr, -sy * sp * cr + cy * sr],
            [sp, -cp * sr, cp * cr],
        ]
    )


def attached(parent: Transform, relative: Transform) -> Transform:
    """Returns the world transform of something fixed to `parent` at `relative`."""
    if parent[3] == 0.0 and parent[5] == 0.0:  # a level parent, as every car: only yaw adds
        yaw = math.radians(parent[4])
        cos, sin = math.cos(yaw), math.sin(yaw)
        x = parent[0] + cos * relative[0] - sin * relative[1]
        y = parent[1] + sin * relative[0] + cos * relative[1]
        turned = math.remainder(parent[4] + relative[4], 360.0)
        return x, y, parent[2] + relative[2], relative[3], turned, relative[5]
    turn = rotation(parent)
    x, y, z = (float(value) for value in np.array(parent[:3]) + turn @ np.array(relative[:3]))
    return x, y, z, *_angles(turn @ rotation(relative))


def _angles(matrix: NDArray[np.float64]) -> tuple[float, float, float]:
    pitch = math.asin(min(max(float(matrix[2, 0]), -1.0), 1.0))
    yaw = math.atan2(matrix[1, 0], matrix[0, 0])
    roll = math.atan2(-matrix[2, 1], matrix[2, 2])
    return math.degrees(pitch), math.degrees(yaw), math.degrees(roll)
