"""The driving task once more, written plainly: what a step should have shown and paid.

Shares no code with the environment, so that a mistake in either shows where they differ.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rca.config import EnvConfig

Floats = NDArray[np.float64]
BEHIND, AHEAD = 10, 30
"""Pieces of a route around the last one on which the next place is looked for: it may cross itself,
and a piece is a metre long at most."""
IDLE_SPEED = 0.5
"""Below this a car stands, m/s."""
GOAL_DISTANCE = 1.0
"""Metres before the route's end at which it is finished."""


@dataclass(frozen=True)
class Car:
    """The car after a step, as the simulator has it.

    Attributes:
        x: Metres.
        y: Metres.
        heading: Radians, clockwise from above.
        speed: Forward, m/s.
        steer: Control that the vehicle was given, [-1, 1].
        throttle: Likewise, [0, 1].
        brake: Likewise, [0, 1].
        collided: Whether it hit something in this step.
        lane_touched: Whether it touched a lane marking in this step.
    """

    x: float
    y: float
    heading: float
    speed: float
    steer: float
    throttle: float
    brake: float
    collided: bool
    lane_touched: bool


@dataclass(frozen=True)
class Due:
    """What a step should have shown and paid.

    Attributes:
        vector: Observation as `rca.envs.driving.DrivingEnv` describes it. [3 + 2 * num_waypoints]
        terms: Reward by term.
        ending: "" while the episode goes on, else why it is over.
    """

    vector: Floats
    terms: dict[str, float]
    ending: str


class PlainEpisode:
    """One episode along a route.

    Attributes:
        vector: Observation that is due at its beginning.
    """

    def __init__(self, config: EnvConfig, points: Floats, car: Car) -> None:
        """Begins.

        Args:
            config: The task.
            points: Of the route, metres. [n, 2]
            car: Where it was put, standing, at the route's first point.
        """
        self._config = config
        self._begins, self._pieces = points[:-1], np.diff(points, axis=0)
        self._squares = (self._pieces**2).sum(axis=1)
        self._marks = np.concatenate([[0.0], np.cumsum(np.sqrt(self._squares))])
        self._columns = np.ascontiguousarray(points.T)
        self._piece = 0
        self._steer = 0.0
        self._steps = self._idle = 0
        self._along, *off = self._place(car)
        self.vector = self._vector(car, *off)

    def step(self, car: Car) -> Due:
        """Returns what is due after the next step.

        Args:
            car: After the step.
        """
        along, lateral, heading_error = self._place(car)
        progress, turned = along - self._along, abs(car.steer - self._steer)
        self._along, self._steer = along, car.steer
        self._steps += 1
        self._idle = self._idle + 1 if abs(car.speed) < IDLE_SPEED else 0
        ending = self._ending(car, lateral, heading_error)
        terms = self._terms(car, progress, lateral, turned, ending)
        return Due(self._vector(car, lateral, heading_error), terms, ending)

    def _place(self, car: Car) -> tuple[float, float, float]:
        """Returns metres along the route, metres to its right, and the heading's error."""
        near = slice(max(0, self._piece - BEHIND), self._piece + AHEAD)
        pieces, squares = self._pieces[near], self._squares[near]
        offset = np.array([car.x, car.y]) - self._begins[near]
        share = ((offset * pieces).sum(axis=1) / squares).clip(0.0, 1.0)
        apart = ((offset - share[:, None] * pieces) ** 2).sum(axis=1)
        best = int(np.argmin(apart))
        self._piece = near.start + best
        (east, south), (ahead, right) = pieces[best], offset[best]
        side = 1.0 if east * right - south * ahead >= 0 else -1.0
        error = car.heading - math.atan2(south, east)
        error -= 2 * math.pi * round(error / (2 * math.pi))
        along = self._marks[self._piece] + share[best] * math.sqrt(squares[best])
        return float(along), side * math.sqrt(apart[best]), error

    def _ending(self, car: Car, lateral: float, heading_error: float) -> str:
        config = self._config
        if car.collided:
            return "collision"
        touched = car.lane_touched and config.lane_touch_terminates
        if abs(lateral) > config.off_road_distance or touched:
            return "off_road"
        if abs(heading_error) > math.pi / 2:
            return "wrong_way"
        if self._marks[-1] - self._along <= GOAL_DISTANCE:
            return "goal"
        if self._idle * config.dt >= config.stuck_seconds - 1e-9:
            return "stuck"
        return "time_out" if self._steps >= config.max_episode_steps else ""

    def _terms(
        self, car: Car, progress: float, lateral: float, turned: float, ending: str
    ) -> dict[str, float]:
        pays, target = self._config.reward, self._config.reward.target_speed
        return {
            "progress": pays.progress * progress,
            "speed": pays.speed * max(-1.0, 1.0 - abs(car.speed - target) / target),
            "lane_keeping": -pays.lane_keeping * abs(lateral),
            "steering": -pays.steering * turned,
            "idle": -pays.idle if abs(car.speed) < IDLE_SPEED else 0.0,
            "collision": -pays.collision if ending == "collision" else 0.0,
            "off_road": -pays.off_road if ending in {"off_road", "wrong_way"} else 0.0,
            "stuck": -pays.stuck if ending == "stuck" else 0.0,
            "goal": pays.goal if ending == "goal" else 0.0,
        }

    def _vector(self, car: Car, lateral: float, heading_error: float) -> Floats:
        config = self._config
        num, spacing = config.num_waypoints, config.waypoint_spacing
        marks = self._along + spacing * np.arange(1, num + 1)  # beyond the goal: the goal
        x, y = (np.interp(marks, self._marks, column) for column in self._columns)
        turn = np.exp(-1j * car.heading)  # into the car's frame: real ahead, imaginary right
        seen = ((x - car.x) + 1j * (y - car.y)) * turn / (num * spacing)
        state = [car.speed / 20.0, lateral / config.off_road_distance, heading_error / math.pi]
        points = np.stack([seen.real, seen.imag], axis=1).ravel()
        vector: Floats = np.clip(np.concatenate([state, points]), -1.0, 1.0)
        return vector
