"""The car with its sensors in a synchronous world: drive a step, put it somewhere, clean up."""

import atexit
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import carla
import numpy as np
from numpy.typing import NDArray

from rca.config import EnvConfig
from rca.envs.connect import Connection, SimulatorFault
from rca.envs.sensors import Sensed, Sensors

VEHICLE = "vehicle.tesla.model3"
ROLE = "rca"
"""`role_name` of our vehicle, so that leftovers of a killed run can be told from others' cars."""
SPAWN_HEIGHT = 0.5
"""Metres above the road at which a car appears: a real server refuses one that touches it."""
CLEARANCE = 15.0
"""Metres to the next car at which ours appears: one at 30 km/h brakes in that."""
SETTLE_SECONDS = 0.4
"""Simulated seconds of braking after a teleport: wheels straighten (0.23 s), the car drops."""
FIRST_FRAME_TICKS = 20
"""Ticks within which a new camera sends its first frame; it may miss the first few."""
IN_FLIGHT_SECONDS = 0.3
"""Wait for a message under way after an interrupted tick: a sensor stopped while its message
arrives can abort the client (seen; CARLA issues 4935, 6872, 3197)."""
LAST_SNAPSHOTS = 2
"""Snapshots of the asynchronous world that closing waits for. The client's one thread lets go of
our callbacks before it handles the next message; a thread that still holds one while Python ends
aborts the process ("terminate called without an active exception"): 11 of 480 that ended right
after closing, none of 240 that waited."""
LAST_SNAPSHOT_SECONDS = 1.0
"""Wait for each of them at most."""
MAX_SUBSTEP = 0.01
"""Seconds per physics substep: CARLA's default; ten of them cover the longest dt."""


@dataclass(frozen=True)
class Reading:
    """What is known of the car after one tick.

    Attributes:
        sensed: By its sensors.
        x: Metres.
        y: Metres.
        z: Metres.
        heading: Radians, clockwise from above.
        speed: Forward, m/s; negative when rolling back.
        traffic_speed: Mean of the other cars that were there at the reset, m/s; NaN without any.
    """

    sensed: Sensed
    x: float
    y: float
    z: float
    heading: float
    speed: float
    traffic_speed: float


class Rig:
    """One vehicle, a camera, a collision and a lane sensor, in a world that waits for our ticks.

    Attributes:
        reading: Of the newest tick that was read.
    """

    def __init__(self, connection: Connection, config: EnvConfig, starts: list[Any]) -> None:
        """Spawns the actors and makes the world synchronous.

        Args:
            connection: To the server; nobody else may tick it.
            config: For image size and dt.
            starts: `carla.Transform` places for the first spawn, tried in order.

        Raises:
            SimulatorFault: The server refuses, or does not answer in time.
        """
        self.connection = connection
        self.world = connection.world
        self.settle_ticks = math.ceil(SETTLE_SECONDS / config.dt)
        self.frame = 0
        self._in_flight = False
        self._closed = False
        self.sensors = Sensors(connection)
        self.vehicle: Any = None
        self._others: list[int] = []
        self.reading: Reading
        atexit.register(self.close)  # a process that just ends leaves no frozen server behind
        try:
            with self._guard("setting up"):
                self._synchronise(config.dt)
                self._clear_leftovers()
                self.vehicle = self._spawn_vehicle(starts)
                self.sensors.attach(self.vehicle, config.image_size)
                self._await_first_frame()
        except BaseException:
            self.close()
            raise

    def _synchronise(self, dt: float) -> None:
        settings = self.world.get_settings()
        settings.synchronous_mode = True
        settings.fixed_delta_seconds = dt
        settings.substepping = True
        settings.max_substep_delta_time = MAX_SUBSTEP
        settings.max_substeps = math.ceil(dt / MAX_SUBSTEP - 1e-9)
        self.world.apply_settings(settings)

    def _clear_leftovers(self) -> None:
        """Destroys what a killed run of ours left; the lease says that no run is alive here."""
        cars = self._our_cars()
        owners = {car.id for car in cars}
        for sensor in self.world.get_actors().filter("sensor.*"):
            if sensor.parent is not None and sensor.parent.id in owners:
                sensor.destroy()
        for car in cars:
            car.destroy()
        if cars:
            self.world.tick(self.connection.timeout)
            left = len(self._our_cars())
            if left:
                raise self.connection.fault(f"it does not remove {left} cars of earlier runs")

    def _our_cars(self) -> list[Any]:
        vehicles = self.world.get_actors().filter("vehicle.*")
        return [car for car in vehicles if car.attributes.get("role_name") == ROLE]

    def _spawn_vehicle(self, starts: list[Any]) -> Any:  # noqa: ANN401  a carla.Vehicle
        blueprint = self.world.get_blueprint_library().find(VEHICLE)
        blueprint.set_attribute("role_name", ROLE)
        for start in starts:
            vehicle = self.world.try_spawn_actor(blueprint, start)
            if vehicle is not None:
                return vehicle
        raise self.connection.fault(
            f"it refused to spawn {VEHICLE} at {len(starts)} places",
            "free the road of other cars or restart it",
        )

    def _await_first_frame(self) -> None:
        for _ in range(FIRST_FRAME_TICKS):
            self.frame = self.world.tick(self.connection.timeout)
            if self.sensors.awake(self.frame):
                return
        raise self.connection.fault(f"no camera frame in {FIRST_FRAME_TICKS} ticks")

    def drive(self, throttle: float, steer: float, brake: float) -> Reading:
        """Applies a control, all in CARLA's units, ticks once and returns what the sensors say.

        Raises:
            SimulatorFault: No answer or no camera frame in time, or somebody else ticks.
        """
        with self._guard("a tick"):
            self.vehicle.apply_control(carla.VehicleControl(throttle, steer, brake))
            return self._read(self._tick())

    def is_free(self, point: NDArray[np.float64]) -> bool:
        """Says whether no other car is near a place. [3] metres."""
        with self._guard("looking for other cars"):
            places = [car.get_location() for car in self._other_cars()]
        return all(math.hypot(p.x - point[0], p.y - point[1]) > CLEARANCE for p in places)

    def _other_cars(self) -> list[Any]:
        cars = self.world.get_actors().filter("vehicle.*")
        return [car for car in cars if car.id != self.vehicle.id]

    def place(self, point: NDArray[np.float64], heading: float) -> Reading:
        """Teleports the car, standing and with straight wheels, and returns what it then sees.

        Args:
            point: x, y, z on the road, metres. [3]
            heading: Radians.

        Raises:
            SimulatorFault: As `drive`.
        """
        x, y, z = (float(value) for value in point)
        with self._guard("a reset"):
            self.vehicle.apply_control(carla.VehicleControl(brake=1.0))
            self._teleport(x, y, z + SPAWN_HEIGHT, heading)
            for _ in range(self.settle_ticks):
                self._tick()
            self._others = [car.id for car in self._other_cars()]  # as the last tick showed them
            # Once more, at the height where it came to rest: braking may have moved it a little.
            self._teleport(x, y, self.vehicle.get_transform().location.z, heading)
            reading = self._read(self._tick())
        self.sensors.drain()
        return reading

    def _teleport(self, x: float, y: float, z: float, heading: float) -> None:
        rotation = carla.Rotation(yaw=math.degrees(heading))
        self.vehicle.set_target_velocity(carla.Vector3D())
        self.vehicle.set_target_angular_velocity(carla.Vector3D())
        self.vehicle.set_transform(carla.Transform(carla.Location(x, y, z), rotation))

    def _tick(self) -> int:
        self._in_flight = True
        frame: int = self.world.tick(self.connection.timeout)
        if frame != self.frame + 1:
            raise self._ticked_by_others(frame, self.frame)
        self.frame = frame
        return frame

    def _ticked_by_others(self, frame: int, before: int) -> SimulatorFault:
        return self.connection.fault(
            f"frame {frame} followed frame {before}",
            "another client ticks this world or made it asynchronous: use a server of your own",
        )

    def _read(self, frame: int) -> Reading:
        sensed = self.sensors.read(frame)
        self._in_flight = False
        transform, velocity = self.vehicle.get_transform(), self.vehicle.get_velocity()
        # Both are those of the newest snapshot, whose frame a world that runs by itself moves on.
        snapshot = self.world.get_snapshot()
        if snapshot.frame != frame:
            raise self._ticked_by_others(snapshot.frame, frame)
        heading = math.radians(transform.rotation.yaw)
        self.reading = Reading(
            sensed=sensed,
            x=transform.location.x,
            y=transform.location.y,
            z=transform.location.z,
            heading=heading,
            speed=velocity.x * math.cos(heading) + velocity.y * math.sin(heading),
            traffic_speed=self._traffic_speed(snapshot),
        )
        return self.reading

    def _traffic_speed(self, snapshot: Any) -> float:  # noqa: ANN401  a carla.WorldSnapshot
        found = [car for car in map(snapshot.find, self._others) if car is not None]
        speeds = [car.get_velocity().length() for car in found]
        return math.fsum(speeds) / len(speeds) if speeds else math.nan

    @contextmanager
    def _guard(self, doing: str) -> Iterator[None]:
        """Turns the client's RuntimeErrors into a SimulatorFault."""
        try:
            yield
        except RuntimeError as error:
            line = " ".join(str(error).split())
            raise self.connection.fault(f"{doing} failed ({line})") from error

    def close(self) -> None:
        """Destroys our actors and leaves the world asynchronous; gives up at the first failure."""
        if self._closed:
            return  # the server may be another's by now
        self._closed = True
        atexit.unregister(self.close)
        if self._in_flight:
            time.sleep(IN_FLIGHT_SECONDS)
        with suppress(RuntimeError):
            self.sensors.stop()
            settings = self.world.get_settings()  # raises if nobody answers; destroy() does not
            if self.sensors.destroy() and (self.vehicle is None or self.vehicle.destroy()):
                settings.synchronous_mode = False
                settings.fixed_delta_seconds = None
                self.world.apply_settings(settings)
                for _ in range(LAST_SNAPSHOTS):
                    self.world.wait_for_tick(LAST_SNAPSHOT_SECONDS)
