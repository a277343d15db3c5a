"""Server-side sensors: what each one measures at a tick, as payload bytes."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgpack
import numpy as np

from rca.sim import wire
from rca.sim.actors import Actor, fixed_thing
from rca.sim.collision import Footprint, overlap
from rca.sim.physics import Contact
from rca.sim.pose import rotation
from rca.sim.vehicle import GRAVITY

if TYPE_CHECKING:
    from rca.sim.world import World

Values = dict[str, str]


class Sensor:
    """A sensor; `sensor_tick` is the simulated time between measurements, 0 = every tick."""

    kind: int

    def __init__(self, values: Values) -> None:
        self.period = float(values.get("sensor_tick", 0.0))
        self._next = 0.0

    def due(self, elapsed: float) -> bool:
        """Whether to measure now; also plans the next time."""
        if elapsed < self._next - 1e-9:
            return False
        self._next = elapsed + self.period
        return True

    def measure(
        self, world: "World", actor: Actor, contacts: list[Contact]
    ) -> Iterator[bytes | memoryview]:
        """Yields the payloads of this tick."""
        raise NotImplementedError


class CameraSensor(Sensor):
    """RGB or semantic camera."""

    def __init__(self, values: Values, *, semantic: bool) -> None:
        from rca.sim.camera import Camera  # needs OpenCV, 0.2 s

        super().__init__(values)
        self.kind = wire.SEMANTIC_CAMERA if semantic else wire.RGB_CAMERA
        width, height = int(values["image_size_x"]), int(values["image_size_y"])
        self.camera = Camera(width, height, float(values["fov"]), semantic=semantic)
        self._head = wire.image_header(width, height, self.camera.fov)

    def measure(
        self, world: "World", actor: Actor, contacts: list[Contact]
    ) -> Iterator[bytes | memoryview]:
        """Yields the picture unless rendering is switched off."""
        if not world.settings.no_rendering:
            picture = self.camera.render(world.scene(), actor.transform)
            yield self._head + picture.tobytes()


class CollisionSensor(Sensor):
    """Tells each impact of its parent."""

    kind = wire.COLLISION

    def measure(
        self, world: "World", actor: Actor, contacts: list[Contact]
    ) -> Iterator[bytes | memoryview]:
        """Yields one event per impact of this tick."""
        for contact in contacts:
            if contact.struck is actor.parent:
                me = contact.struck.packed()
                yield _packed([me, contact.other, list(contact.impulse)])


class ObstacleSensor(Sensor):
    """Tells what stands straight ahead of it within `distance` metres."""

    kind = wire.OBSTACLE

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self.reach = float(values["distance"])
        self.radius = float(values["hit_radius"])
        self.only_dynamic = values["only_dynamics"].lower() == "true"

    def measure(
        self, world: "World", actor: Actor, contacts: list[Contact]
    ) -> Iterator[bytes | memoryview]:
        """Yields the nearest thing ahead, if any, and its distance in metres."""
        hits = list(self._hits(world, actor))
        if hits:
            distance, other = min(hits, key=lambda hit: hit[0])
            me = (actor.parent or actor).packed()
            yield _packed([me, other, distance])

    def _hits(self, world: "World", actor: Actor) -> Iterator[tuple[float, list[object]]]:
        x, y, z, _, yaw, _ = actor.transform
        for other in world.actors.values():
            if other is not actor.parent and other.solid:
                distance = self._distance(x, y, z, yaw, other.footprint())
                if distance is not None:
                    yield distance, other.packed()
        obstacles = world.map.obstacles
        for number in [] if self.only_dynamic else obstacles.near(x, y, self.reach):
            distance = self._distance(x, y, z, yaw, obstacles.footprints[number])
            if distance is not None:
                yield distance, fixed_thing(obstacles.boxes[number].kind)

    def _distance(self, x: float, y: float, z: float, yaw: float, other: Footprint) -> float | None:
        """Returns the distance at which a swept disc first meets a box, to 1 cm; None if never."""
        cos, sin = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
        low, high = 0.0, self.reach

        def meets(length: float) -> bool:
            half = length / 2
            swept = Footprint(
                x + cos * half, y + sin * half, cos, sin, half, self.radius, z - self.radius,
                2 * self.radius,
            )  # fmt: skip
            return overlap(swept, other) is not None

        if not meets(high):
            return None
        while high - low > 0.01:
            middle = (low + high) / 2
            low, high = (low, middle) if meets(middle) else (middle, high)
        return high


UP = np.array([0.0, 0.0, 1.0])
EARTH_RADIUS = 6378137.0 * 0.9996
"""Metres: equatorial radius times the scale that the 0.9.16 client uses whatever the map's +k says
(read off its transform_to_geolocation)."""


class Gnss(Sensor):
    """Latitude and longitude in degrees, altitude in metres, as the client's own map gives them."""

    kind = wire.GNSS

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        names = ("lat", "lon", "alt")
        self.bias = np.array([float(values[f"noise_{name}_bias"]) for name in names])
        self.deviation = np.array([float(values[f"noise_{name}_stddev"]) for name in names])
        self.rng = np.random.default_rng(int(float(values["noise_seed"])) & 0xFFFFFFFF)

    def measure(
        self, world: "World", actor: Actor, contacts: list[Contact]
    ) -> Iterator[bytes | memoryview]:
        """Yields one position."""
        x, y, z = actor.transform[:3]
        # Inverse of the spherical transverse Mercator projection. Latitude grows with y, although
        # y points to the right of x: the client's sign, see transform_to_geolocation.
        latitude, longitude = world.map.origin
        north, east = y / EARTH_RADIUS + math.radians(latitude), x / EARTH_RADIUS
        latitude = math.degrees(math.asin(math.sin(north) / math.cosh(east)))
        longitude += math.degrees(math.atan2(math.sinh(east), math.cos(north)))
        exact = np.array([latitude, longitude, z])
        noise = self.bias + self.deviation * self.rng.standard_normal(3)
        yield _packed((exact + noise).tolist())


class Imu(Sensor):
    """Acceleration with gravity (m/s^2) and turning (rad/s) in its own frame, and a compass."""

    kind = wire.IMU

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        names = [f"{kind}_{{}}_{axis}" for kind in ("accel", "gyro") for axis in "xyz"]
        stddev = [float(values["noise_" + name.format("stddev")]) for name in names]
        bias = [float(values.get("noise_" + name.format("bias"), 0.0)) for name in names]
        self.deviation, self.bias = np.array(stddev), np.array(bias)
        self.rng = np.random.default_rng(int(float(values["noise_seed"])) & 0xFFFFFFFF)

    def measure(
        self, world: "World", actor: Actor, contacts: list[Contact]
    ) -> Iterator[bytes | memoryview]:
        """Yields accelerometer, gyroscope and compass (radians from north, clockwise)."""
        car = actor.parent.car if actor.parent is not None else None
        moved = np.array(car.acceleration if car is not None else (0.0, 0.0, 0.0))
        spin = np.array([0.0, 0.0, car.yaw_rate if car is not None else 0.0])
        turn = rotation(actor.transform)
        exact = np.concatenate([(moved + GRAVITY * UP) @ turn, spin @ turn])
        measured = exact + self.bias + self.deviation * self.rng.standard_normal(6)
        compass = (math.radians(actor.transform[4]) + math.pi / 2) % (2 * math.pi)
        yield _packed([measured[:3].tolist(), measured[3:].tolist(), compass])


def make_sensor(name: str, values: Values) -> Sensor | None:
    """Returns the sensor of a blueprint; None for actors that measure nothing on the server.

    The lane invasion detector is one of those: the client computes it.
    """
    match name:
        case "sensor.camera.rgb":
            return CameraSensor(values, semantic=False)
        case "sensor.camera.semantic_segmentation":
            return CameraSensor(values, semantic=True)
        case "sensor.other.collision":
            return CollisionSensor(values)
        case "sensor.other.obstacle":
            return ObstacleSensor(values)
        case "sensor.other.gnss":
            return Gnss(values)
        case "sensor.other.imu":
            return Imu(values)
    return None


def _packed(items: list[object]) -> bytes:
    payload: bytes = msgpack.packb(items)
    return payload
