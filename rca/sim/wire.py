"""Layouts of CARLA 0.9.16 on the wire: tokens, stream headers, snapshot records, argument checks.

Source: ../shared/carla-protocol.md. Little endian everywhere; metres, degrees, seconds.
"""

import math
import struct
from collections.abc import Sequence

VERSION = "0.9.16"

Vector = tuple[float, float, float]
Transform = tuple[float, float, float, float, float, float]
"""x, y, z in metres; pitch, yaw, roll in degrees."""

WORLD_OBSERVER, COLLISION, GNSS, IMU, OBSTACLE = 17, 0, 4, 5, 7
RGB_CAMERA, SEMANTIC_CAMERA = 13, 14

NO_TOKEN = b""
_TOKEN = struct.Struct("<IHBB16x")
_SENSOR_HEADER = struct.Struct("<QQd6f")
_SNAPSHOT_HEADER = struct.Struct("<Qdf3iI")
_IMAGE_HEADER = struct.Struct("<IIf")
_RECORD = struct.Struct("<IB6f3f3f3f54s")
_VEHICLE = struct.Struct("<fffBBBifBBIB")
LENGTH = struct.Struct("<I")

MAP_CHANGED = 1
_TCP = 1


class ArgumentError(ValueError):
    """A call's argument has the wrong type or an impossible value."""


def token(stream_id: int, port: int) -> bytes:
    """Returns a 24-byte stream token; with no address the client uses the RPC host."""
    return _TOKEN.pack(stream_id, port, _TCP, 0)


def sensor_header(kind: int, frame: int, timestamp: float, transform: Transform) -> bytes:
    """Returns the 48 bytes before every sensor payload; `timestamp` in simulated seconds."""
    return _SENSOR_HEADER.pack(kind, frame, timestamp, *transform)


def snapshot_header(episode: int, platform_time: float, delta: float, state: int) -> bytes:
    """Returns the 36 bytes before the actor records of a snapshot."""
    return _SNAPSHOT_HEADER.pack(episode, platform_time, delta, 0, 0, 0, state)


def image_header(width: int, height: int, fov: float) -> bytes:
    """Returns the 12 bytes before an image's BGRA pixels."""
    return _IMAGE_HEADER.pack(width, height, fov)


def actor_record(
    actor_id: int,
    transform: Transform,
    velocity: Vector,
    angular_velocity: Vector,
    acceleration: Vector,
    union: bytes,
) -> bytes:
    """Returns one 119-byte record of a snapshot; `union` is padded to 54 bytes."""
    return _RECORD.pack(
        actor_id, 1, *transform, *velocity, *angular_velocity, *acceleration, union
    )  # fmt: skip


def vehicle_union(control: "Control", gear: int, speed_limit: float) -> bytes:
    """Returns a vehicle's part of its record: control, speed limit in km/h, no traffic light."""
    return _VEHICLE.pack(
        control.throttle, control.steer, control.brake, control.hand_brake, control.reverse,
        control.manual, gear, speed_limit, 4, 0, 0, 0,
    )  # fmt: skip


class Control:
    """A vehicle's control: throttle and brake in [0, 1], steer in [-1, 1] with right positive."""

    __slots__ = ("brake", "gear", "hand_brake", "manual", "reverse", "steer", "throttle")

    def __init__(
        self,
        throttle: float = 0.0,
        steer: float = 0.0,
        brake: float = 0.0,
        hand_brake: bool = False,
        reverse: bool = False,
        manual: bool = False,
        gear: int = 0,
    ) -> None:
        self.throttle = min(max(throttle, 0.0), 1.0)
        self.steer = min(max(steer, -1.0), 1.0)
        self.brake = min(max(brake, 0.0), 1.0)
        self.hand_brake = hand_brake
        self.reverse = reverse
        self.manual = manual
        self.gear = gear

    @classmethod
    def read(cls, value: object) -> "Control":
        """Reads a VehicleControl argument."""
        fields = sequence(value, 7)
        throttle, steer, brake = (real(item) for item in fields[:3])
        hand_brake, reverse, manual = (bool(item) for item in fields[3:6])
        gear = min(max(integer(fields[6]), -1), 6)
        return cls(throttle, steer, brake, hand_brake, reverse, manual, gear)

    def packed(self, gear: int) -> list[object]:
        """Returns the VehicleControl array."""
        return [
            self.throttle, self.steer, self.brake, self.hand_brake, self.reverse, self.manual, gear,
        ]  # fmt: skip


def pack_transform(transform: Transform) -> list[list[float]]:
    """Returns the Transform array."""
    return [list(transform[:3]), list(transform[3:])]


def sequence(value: object, length: int | None = None) -> Sequence[object]:
    """Returns `value` if it is an array, of `length` items where given."""
    if not isinstance(value, list) or (length is not None and len(value) != length):
        raise ArgumentError(f"expected an array of {length or 'any'} items")
    return value


def real(value: object) -> float:
    """Returns a finite number of at most 1e9 in size."""
    if not isinstance(value, int | float) or not abs(value) <= 1e9:
        raise ArgumentError(f"expected a finite number, got {str(value)[:40]}")
    return float(value)


def integer(value: object) -> int:
    """Returns an integer of at most 64 bits."""
    if not isinstance(value, int):
        raise ArgumentError(f"expected an integer, got {str(value)[:40]}")
    return value


def text(value: object) -> str:
    """Returns a string."""
    if not isinstance(value, str):
        raise ArgumentError("expected a string")
    return value


def vector(value: object) -> Vector:
    """Reads a Vector3D or Location."""
    x, y, z = (real(item) for item in sequence(value, 3))
    return x, y, z


def transform(value: object) -> Transform:
    """Reads a Transform."""
    location, rotation = sequence(value, 2)
    pitch, yaw, roll = (math.remainder(angle, 360.0) for angle in vector(rotation))
    return (*vector(location), pitch, yaw, roll)
