"""The driving task: follow a route, seen through a camera and a few numbers."""

import math
from collections import deque
from typing import Any

import carla
import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.spaces import Box, Dict
from numpy.typing import NDArray

from rca.config import EnvConfig
from rca.envs.connect import TIMEOUT, connect, require_map
from rca.envs.ending import IDLE_SPEED, EndReason, Standing, end_reason
from rca.envs.reward import Situation, reward_terms
from rca.envs.rig import SPAWN_HEIGHT, Reading, Rig
from rca.envs.route import LaneGraph, Place, Route, ahead, in_car_frame, locate

SPEED_SCALE = 20.0
"""Speed observed as 1, m/s."""
DRAWS = 50
"""Routes drawn until one begins where no other car is; then the last is driven all the same."""
FIRST_SPAWNS = 10
"""Lanes at whose beginning the first spawn is tried."""

Obs = dict[str, Any]


class DrivingEnv(gymnasium.Env[Obs, NDArray[np.float32]]):
    """Drives one car along drawn routes in a CARLA server that nobody else ticks.

    Observation: `image` uint8 [frame_stack, size, size], grey, oldest first; `vector` float32
    [3 + 2 * num_waypoints]: speed / 20 m/s, lateral offset / off_road_distance (right positive),
    heading error / pi (right positive), then x (ahead) and y (right) of each next route point in
    the car's frame / (num_waypoints * waypoint_spacing); all clipped to [-1, 1].

    Action: float32 [2] in [-1, 1]: steering (right positive); throttle if positive, else
    brake, of which -1 gives `max_brake`.

    Every `info` has `frame` (ticks since the reset) and `distance` (metres along the route); after
    a step also `applied` (the action as it arrived here: steering, pedal), `max_brake`,
    `reward_terms`, `speed` (m/s), `end_reason` (None while the episode goes on), `success`,
    `collisions`, `lane_touches` (steps of this episode with one); after the first of these
    `after_touch` (steps since then) and, where there are other cars, `traffic_speed` (their mean,
    m/s).

    Attributes:
        route: Of the current episode.
        versions: Of client and server.
    """

    def __init__(
        self,
        config: EnvConfig,
        *,
        port: int,
        host: str = "127.0.0.1",
        timeout_s: float = TIMEOUT,
    ) -> None:
        """Connects and spawns the car.

        Args:
            config: The task.
            port: RPC port of a CARLA server that runs `config.map`.
            host: Where it runs.
            timeout_s: Seconds after which an answer to a step or reset is a fault; setting up may
                take 10 s in any case, as a real server is slow with a camera's first frame.

        Raises:
            EvidenceError: No server, another version or another map.
            SimulatorFault: The server fails while the car is set up.
        """
        self.config = config
        size, num = config.image_size, config.num_waypoints
        self.observation_space = Dict(
            image=Box(0, 255, (config.frame_stack, size, size), np.uint8),
            vector=Box(-1.0, 1.0, (3 + 2 * num,), np.float32),
        )
        self.action_space = Box(-1.0, 1.0, (2,), np.float32)
        connection = connect(host, port, max(timeout_s, TIMEOUT))
        self.versions: tuple[str, str] = connection.versions
        self.lanes = LaneGraph(require_map(connection, config.map))
        self.rig = Rig(connection, config, first_spawns(self.lanes))
        connection.set_timeout(timeout_s)
        self._frames: deque[NDArray[np.uint8]] = deque(maxlen=config.frame_stack)
        self._scale = np.full(3 + 2 * num, num * config.waypoint_spacing)
        self._scale[:3] = SPEED_SCALE, config.off_road_distance, math.pi

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Obs, dict[str, Any]]:
        """Starts an episode on a new route; a seed decides all of it.

        Raises:
            SimulatorFault: The server fails.
        """
        super().reset(seed=seed)
        spread = self.config.route_length_spread
        length = self.config.route_length * self.np_random.uniform(1 - spread, 1 + spread)
        for _ in range(DRAWS):
            self.route: Route = self.lanes.draw_route(length, self.np_random)
            if self.rig.is_free(self.route.points[0]):
                break
        reading = self.rig.place(self.route.points[0], float(self.route.headings[0]))
        self._frames.extend([reading.sensed.image] * self.config.frame_stack)
        self._place = locate(self.route, reading.x, reading.y, reading.heading)
        self._steps = self._idle_steps = self._collisions = self._lane_touches = 0
        self._first_touch = 0
        self._steer = 0.0
        return self._observe(reading), {"frame": 0, "distance": self._place.along}

    def step(self, action: NDArray[np.float32]) -> tuple[Obs, float, bool, bool, dict[str, Any]]:
        """Drives for `dt` simulated seconds.

        Raises:
            ValueError: The action is not two finite numbers.
            ResetNeeded: There was no reset yet.
            SimulatorFault: The server fails; the step is void and the episode cannot go on.
        """
        if not self._frames:
            raise ResetNeeded("reset comes before step")
        steer, pedal = checked(action)
        brake = max(-pedal, 0.0) * self.config.max_brake
        reading = self.rig.drive(max(pedal, 0.0), steer, brake)
        before, self._place = self._place, self._locate(reading)
        self._count(reading)
        reason = self._end_reason(reading)
        terms = reward_terms(
            Situation(
                progress=self._place.along - before.along,
                speed=reading.speed,
                lateral=self._place.lateral,
                steering_change=steer - self._steer,
                end_reason=reason,
            ),
            self.config.reward,
        )
        self._steer = steer
        self._frames.append(reading.sensed.image)
        info = {
            "frame": self._steps,
            "distance": self._place.along,
            "applied": (steer, pedal),
            "max_brake": self.config.max_brake,
            "speed": reading.speed,
            "reward_terms": terms,
            "end_reason": reason,
            "success": reason == "goal",
            "collisions": self._collisions,
            "lane_touches": self._lane_touches,
        }
        if not math.isnan(reading.traffic_speed):
            info["traffic_speed"] = reading.traffic_speed
        if self._lane_touches:
            info["after_touch"] = self._steps - self._first_touch
        terminated = reason is not None and reason != "time_out"
        return self._observe(reading), sum(terms.values()), terminated, reason == "time_out", info

    def _locate(self, reading: Reading) -> Place:
        return locate(self.route, reading.x, reading.y, reading.heading, self._place.index)

    def _count(self, reading: Reading) -> None:
        self._steps += 1
        self._idle_steps = self._idle_steps + 1 if abs(reading.speed) < IDLE_SPEED else 0
        self._collisions += reading.sensed.collided
        if reading.sensed.lane_touched and not self._lane_touches:
            self._first_touch = self._steps
        self._lane_touches += reading.sensed.lane_touched

    def _end_reason(self, reading: Reading) -> EndReason | None:
        standing = Standing(
            collided=reading.sensed.collided,
            lane_touched=reading.sensed.lane_touched,
            lateral=self._place.lateral,
            heading_error=self._place.heading_error,
            to_go=self.route.length - self._place.along,
            steps=self._steps,
            idle_steps=self._idle_steps,
        )
        return end_reason(standing, self.config)

    def _observe(self, reading: Reading) -> Obs:
        config, place = self.config, self._place
        points = ahead(self.route, place.along, config.num_waypoints, config.waypoint_spacing)
        seen = in_car_frame(points, reading.x, reading.y, reading.heading)
        state = (reading.speed, place.lateral, place.heading_error)
        vector = np.concatenate([state, seen.ravel()]) / self._scale
        return {
            "image": np.stack(self._frames),
            "vector": np.clip(vector, -1.0, 1.0).astype(np.float32),
        }

    def close(self) -> None:
        """Destroys the car and its sensors and leaves the server asynchronous; may be repeated."""
        self.rig.close()


def checked(action: NDArray[np.float32]) -> tuple[float, float]:
    """Returns steering and pedal, clipped to [-1, 1].

    Raises:
        ValueError: Not two finite numbers.
    """
    values = np.asarray(action, dtype=np.float64)
    if values.shape != (2,) or not np.isfinite(values).all():
        raise ValueError(f"an action is two finite numbers in [-1, 1], got {action!r}")
    steer, pedal = np.clip(values, -1.0, 1.0)
    return float(steer), float(pedal)


def first_spawns(lanes: LaneGraph) -> list[carla.Transform]:
    """Returns a few places on lanes, a little above the road."""
    places = []
    for lane in lanes.starts[:FIRST_SPAWNS]:
        line = lanes.lines[lane]
        x, y, z = line.at(np.array([line.length / 2]))[0]
        places.append(carla.Transform(carla.Location(x, y, z + SPAWN_HEIGHT)))
    return places
