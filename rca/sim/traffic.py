"""Lane followers: cars that the server itself drives along the lanes."""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from rca.sim.actors import Actor
from rca.sim.geometry import Floats
from rca.sim.roads import STEP, Network, Strip, driving_strips
from rca.sim.wire import Control

ROLE = "lane_follower"
"""Value of the attribute role_name that hands a spawned car to the server."""

CRUISE = 8.0
"""Speed on a free straight, m/s: 29 km/h."""
SIDEWAYS = 2.5
"""Lateral acceleration allowed in curves, m/s^2: what passengers find firm."""
TIME_GAP, STANDSTILL_GAP = 1.4, 3.0
"""Distance kept to the car ahead: seconds of driving, and metres when standing."""
_CORRIDOR = 2.0  # metres to either side of a car in which another one is in its way
_AHEAD = 6  # seconds looked ahead for other cars

Key = tuple[int, int, int]


class Lanes:
    """The driving lanes of a map and what follows each."""

    def __init__(self, network: Network) -> None:
        self._network = network
        strips = list(driving_strips(network))
        self.strips = {(strip.road, strip.section, strip.lane): strip for strip in strips}
        self.paths: dict[Key, Floats] = {key: strip.path for key, strip in self.strips.items()}
        self._following: dict[Key, list[Key]] = {}

    def following(self, key: Key) -> list[Key]:
        """Returns the lanes that one may drive on to at a lane's end."""
        known = self._following.get(key)
        if known is None:
            found = self._after(self.strips[key])
            known = self._following[key] = [lane for lane in found if lane in self.strips]
        return known

    def _after(self, strip: Strip) -> list[Key]:
        forward = strip.lane < 0
        link = strip.links[1 if forward else 0]
        section = strip.section + (1 if forward else -1)
        if 0 <= section < self._network.sections[strip.road]:
            return [] if link is None else [(strip.road, section, link)]
        onward = self._network.links[strip.road][1 if forward else 0]
        if onward is None:
            return []
        if not onward.is_junction:
            return [] if link is None else [self._entered(onward.id, onward.at_start, link)]
        ways = self._network.connections.get((onward.id, strip.road), [])
        return [
            self._entered(road, at_start, lanes[strip.lane])
            for road, at_start, lanes in ways
            if strip.lane in lanes
        ]

    def _entered(self, road: int, at_start: bool, lane: int) -> Key:
        return road, 0 if at_start else self._network.sections.get(road, 1) - 1, lane

    def nearest(self, x: float, y: float, yaw: float) -> tuple[Key, int]:
        """Returns the lane whose centre is nearest among those that lead the same way, and where.

        Raises:
            ValueError: There is no such lane.
        """
        best: tuple[float, Key, int] | None = None
        for key, path in self.paths.items():
            distance = np.hypot(path[:, 0] - x, path[:, 1] - y)
            index = int(distance.argmin())
            heading = float(self.strips[key].yaw[index])
            if math.cos(heading - yaw) > 0.5 and (best is None or distance[index] < best[0]):
                best = float(distance[index]), key, index
        if best is None:
            raise ValueError("no lane leads this way")
        return best[1], best[2]


class LaneFollower:
    """Drives one car along its lane; at forks it chooses by its own generator."""

    def __init__(self, actor: Actor, lanes: Lanes, rng: np.random.Generator) -> None:
        assert actor.car is not None
        self.actor, self.car, self._lanes, self._rng = actor, actor.car, lanes, rng
        self._key, self._index = lanes.nearest(self.car.x, self.car.y, self.car.yaw)
        self._onward: list[Key] = []

    def drive(self, others: Iterable[Actor]) -> None:
        """Sets the car's control for the next step."""
        self._advance()
        ahead = self._point(4.0 + 0.6 * abs(self.car.forward))
        steer = self._steer(ahead)
        speed = min(CRUISE, self._curve_speed(), self._free_speed(others))
        missing = speed - self.car.forward
        self.car.control = Control(
            throttle=0.35 * missing if missing > 0 else 0.0,
            brake=-0.4 * missing if missing < -0.3 else 0.0,
            steer=steer,
        )

    def _advance(self) -> None:
        """Moves the place on the lane forward to the point nearest to the car."""
        while True:
            path = self._lanes.paths[self._key]
            window = path[self._index : self._index + 20]
            nearest = np.hypot(window[:, 0] - self.car.x, window[:, 1] - self.car.y)
            self._index += int(nearest.argmin())
            if self._index < len(path) - 1 or not self._next_lane():
                return

    def _next_lane(self) -> bool:
        onward = self._plan(1)
        if onward is None:
            return False
        self._key, self._index = onward, 0
        self._onward.pop(0)
        return True

    def _plan(self, count: int) -> Key | None:
        """Returns the lane `count` lanes on, choosing at forks as far as needed."""
        while len(self._onward) < count:
            choices = self._lanes.following(self._onward[-1] if self._onward else self._key)
            if not choices:
                return None
            self._onward.append(choices[int(self._rng.integers(len(choices)))])
        return self._onward[count - 1]

    def _point(self, distance: float) -> tuple[float, float]:
        """Returns the point on the way at a distance ahead, metres."""
        path, steps, lane = self._lanes.paths[self._key], int(distance / STEP), 0
        index = self._index + steps
        while index >= len(path):
            lane += 1
            key = self._plan(lane)
            if key is None:
                return float(path[-1, 0]), float(path[-1, 1])
            index -= len(path)
            path = self._lanes.paths[key]
        return float(path[index, 0]), float(path[index, 1])

    def _steer(self, point: tuple[float, float]) -> float:
        """Returns the steering of pure pursuit towards a point."""
        car = self.car
        dx, dy = point[0] - car.x, point[1] - car.y
        sideways = -dx * math.sin(car.yaw) + dy * math.cos(car.yaw)
        curvature = 2 * sideways / max(dx * dx + dy * dy, 1.0)
        wheel = math.atan(curvature * car.chassis.wheelbase)
        return wheel / math.radians(max(car.chassis.max_steer, 1.0))

    def _curve_speed(self) -> float:
        a, b, c = (self._point(distance) for distance in (2.0, 9.0, 16.0))
        first, second = math.atan2(b[1] - a[1], b[0] - a[0]), math.atan2(c[1] - b[1], c[0] - b[0])
        turn = abs(math.remainder(second - first, 2 * math.pi))
        return math.sqrt(SIDEWAYS * 7.0 / max(turn, 1e-3))

    def _free_speed(self, others: Iterable[Actor]) -> float:
        """Returns the speed that keeps the distance to whatever is ahead in the way."""
        car, speed = self.car, CRUISE
        cos, sin = math.cos(car.yaw), math.sin(car.yaw)
        for other in others:
            if other is self.actor:
                continue
            x, y = other.transform[:2]
            ahead = (x - car.x) * cos + (y - car.y) * sin
            aside = abs(-(x - car.x) * sin + (y - car.y) * cos)
            if 0.0 < ahead < CRUISE * _AHEAD and aside < _CORRIDOR:
                gap = ahead - car.chassis.half_length - other.blueprint.extent[0]
                speed = min(speed, max(0.0, (gap - STANDSTILL_GAP) / TIME_GAP))
        return speed


class Traffic:
    """All lane followers of an episode."""

    def __init__(self, lanes: Lanes, rng: np.random.Generator) -> None:
        self._lanes, self._rng = lanes, rng
        self._followers: dict[int, LaneFollower] = {}

    def take(self, actor: Actor) -> None:
        """Hands a car to the server."""
        self._followers[actor.id] = LaneFollower(actor, self._lanes, self._rng)

    def forget(self, actor_id: int) -> None:
        """Stops driving a car that is gone."""
        self._followers.pop(actor_id, None)

    def drive(self, actors: Sequence[Actor]) -> None:
        """Sets the control of every follower."""
        if self._followers:
            solid = [actor for actor in actors if actor.solid]
            for follower in self._followers.values():
                follower.drive(solid)
