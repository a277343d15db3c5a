"""The car with its sensors in a synchronous world: drive a step, put it somewhere, clean up."""

import atexit
import math
import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import carla
import cv2
import numpy as np
from numpy.typing import NDArray

from rca.config import EnvConfig
from rca.envs.connect import Connection

VEHICLE = "vehicle.tesla.model3"
ROLE = "rca"
"""`role_name` of our vehicle, so that leftovers of a killed run can be told from others' cars."""
CAMERA_PLACE = carla.Transform(carla.Location(x=1.5, z=2.0), carla.Rotation(pitch=-10.0))
"""Above the bonnet, metres and degrees: the road from 4 m ahead fills the lower half."""
FIELD_OF_VIEW = 90
"""Of the camera, degrees."""
SPAWN_HEIGHT = 0.5
"""Metres above the road at which a car appears: a real server refuses one that touches it."""
SETTLE_SECONDS = 0.4
"""Simulated seconds of braking after a teleport: wheels straighten (0.23 s), the car drops."""
FIRST_FRAME_TICKS = 20
"""Ticks within which a new camera sends its first frame; it may miss the first few."""
IN_FLIGHT_SECONDS = 0.3
"""Wait for a message under way after an interrupted tick: a sensor stopped while its message
arrives can abort the client (seen; CARLA issues 4935, 6872, 3197)."""
MAX_SUBSTEP = 0.01
"""Seconds per physics substep: CARLA's default; ten of them cover the longest dt."""


@dataclass(frozen=True)
class Reading:
    """What the car's sensors say after one tick.

    Attributes:
        frame: Number of the tick.
        image: Grey, top row first. [size, size]
        x: Metres.
        y: Metres.
        z: Metres.
        heading: Radians, clockwise from above.
        speed: Forward, m/s; negative when rolling back.
        collided: Whether the car hit something in this tick.
        lane_touched: Whether it touched a lane marking in this tick.
    """

    frame: int
    image: NDArray[np.uint8]
    x: float
    y: float
    z: float
    heading: float
    speed: float
    collided: bool
    lane_touched: bool


class Rig:
    """One vehicle, a camera, a collision and a lane sensor, in a world that waits for our ticks."""

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
        self.image_size = config.image_size
        self.settle_ticks = math.ceil(SETTLE_SECONDS / config.dt)
        self.actors: list[Any] = []
        self.frame = 0
        self._in_flight = False
        self._images: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._snapshots: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._collisions: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._lane_touches: queue.SimpleQueue[int] = queue.SimpleQueue()
        atexit.register(self.close)  # a process that just ends leaves no frozen server behind
        try:
            with self._guard("setting up"):
                self._synchronise(config.dt)
                self._clear_leftovers()
                self.vehicle = self._spawn_vehicle(starts)
                self._attach_sensors()
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
        cars = [
            actor
            for actor in self.world.get_actors().filter("vehicle.*")
            if actor.attributes.get("role_name") == ROLE
        ]
        owners = {car.id for car in cars}
        for sensor in self.world.get_actors().filter("sensor.*"):
            if sensor.parent is not None and sensor.parent.id in owners:
                sensor.destroy()
        for car in cars:
            car.destroy()

    def _spawn_vehicle(self, starts: list[Any]) -> Any:  # noqa: ANN401  a carla.Vehicle
        blueprint = self.world.get_blueprint_library().find(VEHICLE)
        blueprint.set_attribute("role_name", ROLE)
        for start in starts:
            vehicle = self.world.try_spawn_actor(blueprint, start)
            if vehicle is not None:
                self.actors.append(vehicle)
                return vehicle
        raise self.connection.fault(
            f"it refused to spawn {VEHICLE} at {len(starts)} places",
            "free the road of other cars or restart it",
        )

    def _attach_sensors(self) -> None:
        size = str(self.image_size)
        camera = {"image_size_x": size, "image_size_y": size, "fov": str(FIELD_OF_VIEW)}
        self._attach("sensor.camera.rgb", CAMERA_PLACE, camera).listen(self._images.put)
        collisions = self._attach("sensor.other.collision", carla.Transform(), {})
        collisions.listen(lambda event: self._collisions.put(event.frame))
        lanes = self._attach("sensor.other.lane_invasion", carla.Transform(), {})
        lanes.listen(lambda event: self._lane_touches.put(event.frame))
        # The client computes lane touches on each snapshot, in order of subscription: once our own
        # callback has run, those of the same frame are known.
        self._callback = self.world.on_tick(lambda snapshot: self._snapshots.put(snapshot.frame))

    def _attach(self, kind: str, place: Any, attributes: dict[str, str]) -> Any:  # noqa: ANN401
        blueprint = self.world.get_blueprint_library().find(kind)
        for name, value in attributes.items():
            blueprint.set_attribute(name, value)
        sensor = self.world.spawn_actor(blueprint, place, attach_to=self.vehicle)
        self.actors.append(sensor)
        return sensor

    def _await_first_frame(self) -> None:
        for _ in range(FIRST_FRAME_TICKS):
            self.frame = self.world.tick(self.connection.timeout)
            with suppress(queue.Empty):
                while self._images.get(timeout=0.5).frame < self.frame:
                    pass
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
            # Once more, at the height where it came to rest: braking may have moved it a little.
            self._teleport(x, y, self.vehicle.get_transform().location.z, heading)
            reading = self._read(self._tick())
        self._drain()
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
            raise self.connection.fault(
                f"frame {frame} followed frame {self.frame}",
                "another client ticks this world or made it asynchronous: use a server of your own",
            )
        self.frame = frame
        return frame

    def _read(self, frame: int) -> Reading:
        image = self._await_image(frame)
        self._await_snapshot(frame)
        self._in_flight = False
        transform, velocity = self.vehicle.get_transform(), self.vehicle.get_velocity()
        heading = math.radians(transform.rotation.yaw)
        return Reading(
            frame=frame,
            image=_grey(image),
            x=transform.location.x,
            y=transform.location.y,
            z=transform.location.z,
            heading=heading,
            speed=velocity.x * math.cos(heading) + velocity.y * math.sin(heading),
            collided=_emptied(self._collisions) > 0,
            lane_touched=_emptied(self._lane_touches) > 0,
        )

    def _await_image(self, frame: int) -> Any:  # noqa: ANN401  a carla.Image
        try:
            while (image := self._images.get(timeout=self.connection.timeout)).frame < frame:
                pass
        except queue.Empty:
            raise self.connection.fault(
                f"the camera image of frame {frame} did not come within"
                f" {self.connection.timeout:g} s",
            ) from None
        if image.frame != frame:
            raise self.connection.fault(f"the camera sent frame {image.frame} instead of {frame}")
        return image

    def _await_snapshot(self, frame: int) -> None:
        try:
            while self._snapshots.get(timeout=self.connection.timeout) < frame:
                pass
        except queue.Empty:
            raise self.connection.fault(f"the snapshot of frame {frame} did not come") from None

    def _drain(self) -> None:
        for events in (self._images, self._snapshots, self._collisions, self._lane_touches):
            _emptied(events)

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
        atexit.unregister(self.close)
        actors, self.actors = self.actors, []
        if self._in_flight and actors:
            time.sleep(IN_FLIGHT_SECONDS)
        with suppress(RuntimeError):
            if hasattr(self, "_callback"):
                self.world.remove_on_tick(self._callback)
            for actor in actors:
                if isinstance(actor, carla.Sensor):
                    actor.stop()
            settings = self.world.get_settings()  # raises if nobody answers; destroy() does not
            if all(actor.destroy() for actor in reversed(actors)):  # sensors before the vehicle
                settings.synchronous_mode = False
                settings.fixed_delta_seconds = None
                self.world.apply_settings(settings)


def _grey(image: Any) -> NDArray[np.uint8]:  # noqa: ANN401  a carla.Image
    pixels = np.frombuffer(image.raw_data, dtype=np.uint8)  # BGRA
    pixels = pixels.reshape(image.height, image.width, 4)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2GRAY), dtype=np.uint8)


def _emptied(events: "queue.SimpleQueue[Any]") -> int:
    """Empties a queue and returns how many events were in it."""
    count = 0
    with suppress(queue.Empty):
        while True:
            events.get_nowait()
            count += 1
    return count
