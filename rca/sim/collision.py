"""Contact of upright boxes in the plane: separating axes, push-out, impulse."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rca.sim.roads import Box
from rca.sim.vehicle import Car
from rca.sim.wire import Transform, Vector

RESTITUTION = 0.1
"""Share of the closing speed that survives an impact: crumpling metal gives 0.05 to 0.2."""

CELL = 16.0
"""Metres: side of the cells in which fixed boxes are looked up; more than any car's radius."""


@dataclass(frozen=True)
class Footprint:
    """An upright box seen from above; metres, `z` its underside, heading as cosine and sine."""

    x: float
    y: float
    cos: float
    sin: float
    half_length: float
    half_width: float
    z: float
    height: float

    @property
    def radius(self) -> float:
        """Radius of the circle around the footprint."""
        return math.hypot(self.half_length, self.half_width)


def footprint(transform: Transform, extent: Vector, lift: float = 0.0) -> Footprint:
    """Returns the footprint of half sizes `extent` at a place; `lift` raises its underside."""
    yaw = math.radians(transform[4])
    return Footprint(
        transform[0], transform[1], math.cos(yaw), math.sin(yaw), extent[0], extent[1],
        transform[2] + lift, 2 * extent[2],
    )  # fmt: skip


def of_box(box: Box) -> Footprint:
    """Returns a roadside thing's footprint."""
    place = (box.x, box.y, 0.0, 0.0, math.degrees(box.yaw), 0.0)
    return footprint(place, (box.half_length, box.half_width, box.height / 2))


class Obstacles:
    """The fixed boxes of a map, with a quick search by place."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        self.boxes = list(boxes)
        self.footprints = [of_box(box) for box in boxes]
        self._centres = np.array([[item.x, item.y] for item in self.footprints]).reshape(-1, 2)
        self._radii = np.array([item.radius for item in self.footprints])
        self._places: list[tuple[float, float]] = [(item.x, item.y) for item in self.footprints]
        self._reaches: list[float] = self._radii.tolist()
        self._cell = lru_cache(maxsize=4096)(self._of_cell)

    def near(self, x: float, y: float, radius: float) -> list[int]:
        """Returns the numbers of the boxes whose circle meets a circle."""
        if radius > CELL:
            return self._within(x, y, radius)
        return [
            number
            for number in self._cell(math.floor(x / CELL), math.floor(y / CELL))
            if math.dist((x, y), self._places[number]) < self._reaches[number] + radius
        ]

    def _of_cell(self, column: int, row: int) -> list[int]:
        """Returns the numbers of the boxes that a circle in a cell of a grid may meet."""
        return self._within((column + 0.5) * CELL, (row + 0.5) * CELL, 2 * CELL)

    def _within(self, x: float, y: float, radius: float) -> list[int]:
        offsets = self._centres - (x, y)
        distance = offsets[:, 0] ** 2 + offsets[:, 1] ** 2
        return [int(k) for k in np.flatnonzero(distance < (self._radii + radius) ** 2)]


def overlap(a: Footprint, b: Footprint) -> tuple[float, float, float] | None:
    """Returns how to push `a` out of `b`: unit direction x, y, depth in metres; None if apart."""
    if a.z >= b.z + b.height or b.z >= a.z + a.height:
        return None
    dx, dy = a.x - b.x, a.y - b.y
    best: tuple[float, float, float] | None = None
    for x, y in ((a.cos, a.sin), (-a.sin, a.cos), (b.cos, b.sin), (-b.sin, b.cos)):
        gap = dx * x + dy * y
        depth = _reach(a, x, y) + _reach(b, x, y) - abs(gap)
        if depth <= 1e-6:
            return None
        if best is None or depth < best[2] - 1e-9:
            side = 1.0 if gap >= 0 else -1.0
            best = (x * side, y * side, depth)
    return best


def _reach(box: Footprint, x: float, y: float) -> float:
    along = abs(box.cos * x + box.sin * y) * box.half_length
    return along + abs(-box.sin * x + box.cos * y) * box.half_width


def strike_fixed(car: Car, push: tuple[float, float, float]) -> Vector:
    """Moves a car out of something fixed and stops its approach; returns the impulse in N s."""
    return _strike(car, push, 1.0, _closing(car, None, push), car.chassis.mass)


def strike_car(car: Car, other: Car, push: tuple[float, float, float]) -> Vector:
    """Parts two cars and exchanges momentum; returns the impulse on the first, N s."""
    mass = car.chassis.mass * other.chassis.mass / (car.chassis.mass + other.chassis.mass)
    closing = _closing(car, other, push)
    share = mass / car.chassis.mass
    back = (-push[0], -push[1], push[2])
    _strike(other, back, 1.0 - share, closing, mass)
    return _strike(car, push, share, closing, mass)


def _closing(car: Car, other: Car | None, push: tuple[float, float, float]) -> float:
    vx, vy, _ = car.velocity
    if other is not None:
        vx, vy = vx - other.velocity[0], vy - other.velocity[1]
    return max(0.0, -(vx * push[0] + vy * push[1]))


def _strike(
    car: Car, push: tuple[float, float, float], share: float, closing: float, mass: float
) -> Vector:
    x, y, depth = push
    size = (1.0 + RESTITUTION) * closing * mass  # N s
    gain = size / car.chassis.mass
    vx, vy, vz = car.velocity
    car.x += x * depth * share
    car.y += y * depth * share
    if gain > 0.0:
        car.set_velocity((vx + gain * x, vy + gain * y, vz))
    return size * x, size * y, 0.0
