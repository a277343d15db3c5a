"""The blueprint library: which actors can be spawned, and with which attributes."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from rca.sim.vehicle import Chassis
from rca.sim.wire import ArgumentError

BOOL, INT, FLOAT, STRING, COLOUR = 1, 2, 3, 4, 5

CAR_TAG, TRUCK_TAG, STATIC_TAG = 14, 15, 20
"""Semantic tags of CARLA 0.9.16."""


@dataclass(frozen=True)
class Attribute:
    """One attribute of a blueprint; `low` and `high` bound numbers, inclusive."""

    id: str
    type: int
    value: str
    recommended: tuple[str, ...] = ()
    modifiable: bool = True
    low: float = -1e9
    high: float = 1e9

    def check(self, value: str) -> None:
        """Raises ArgumentError when `value` does not fit."""
        if self.type in (INT, FLOAT):
            try:
                number = float(value)
            except ValueError:
                raise ArgumentError(f"{self.id}={value!r} is not a number") from None
            if self.type == INT and not value.strip().lstrip("+-").isdigit():
                raise ArgumentError(f"{self.id}={value!r} is not a whole number")
            if not self.low <= number <= self.high:
                raise ArgumentError(f"{self.id}={value} is outside {self.low:g}..{self.high:g}")

    def packed(self) -> list[object]:
        """Returns the ActorAttribute array."""
        return [self.id, self.type, self.value, list(self.recommended), self.modifiable, False]


@dataclass(frozen=True)
class Blueprint:
    """An actor type. Half sizes in metres; `chassis` only for cars."""

    uid: int
    id: str
    attributes: tuple[Attribute, ...]
    extent: tuple[float, float, float] = (0.0, 0.0, 0.0)
    tag: int = 0
    chassis: Chassis | None = None
    values: dict[str, str] = field(init=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.values.update({item.id: item.value for item in self.attributes})

    def packed(self) -> list[object]:
        """Returns the ActorDefinition array."""
        tags = ",".join(dict.fromkeys(self.id.split(".")))
        return [self.uid, self.id, tags, [item.packed() for item in self.attributes]]

    def configured(self, given: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Returns the attribute values of a spawn: the defaults, changed by `given`.

        Raises:
            ArgumentError: A known attribute has an impossible value.
        """
        values, known = dict(self.values), {item.id: item for item in self.attributes}
        for name, value in given:
            if name in known:
                known[name].check(value)
                values[name] = value
        return values


def _role(name: str) -> Attribute:
    return Attribute("role_name", STRING, name, ("autopilot", "hero", "scenario", "lane_follower"))


def _car_attributes(colour: str, kind: str) -> tuple[Attribute, ...]:
    return (
        Attribute("number_of_wheels", INT, "4", modifiable=False),
        Attribute("base_type", STRING, kind, modifiable=False),
        Attribute("generation", INT, "2", modifiable=False),
        Attribute("color", COLOUR, colour, (colour, "180,20,20", "30,60,150", "240,240,240")),
        Attribute("sticky_control", BOOL, "True"),
        _role("autopilot"),
    )


def _image_attributes() -> tuple[Attribute, ...]:
    return (
        Attribute("image_size_x", INT, "800", low=1, high=4096),
        Attribute("image_size_y", INT, "600", low=1, high=4096),
        Attribute("fov", FLOAT, "90.0", low=1, high=170),
        _sensor_tick(),
        _role("front"),
    )


def _sensor_tick() -> Attribute:
    return Attribute("sensor_tick", FLOAT, "0.0", low=0.0)


def _noise(*names: str) -> tuple[Attribute, ...]:
    return tuple(Attribute(name, FLOAT, "0.0") for name in names)


_CARS = {
    # id: half length, half width, half height (m), mass (kg), power (W), wheelbase (m), RGB
    "vehicle.tesla.model3": (2.40, 1.08, 0.74, 1850.0, 150e3, 2.87, "180,30,30"),
    "vehicle.lincoln.mkz_2020": (2.45, 0.92, 0.74, 1700.0, 140e3, 2.85, "40,60,140"),
    "vehicle.audi.tt": (2.09, 1.00, 0.69, 1400.0, 130e3, 2.51, "230,230,225"),
    "vehicle.mini.cooper_s": (1.90, 0.98, 0.74, 1200.0, 100e3, 2.47, "200,160,30"),
    "vehicle.nissan.patrol": (2.30, 0.97, 0.93, 2200.0, 150e3, 2.80, "70,75,80"),
    "vehicle.carlamotors.carlacola": (2.60, 1.31, 1.24, 3800.0, 180e3, 3.20, "190,20,30"),
}

_PROPS = {
    "static.prop.streetbarrier": (0.18, 0.61, 0.53),
    "static.prop.trafficcone01": (0.22, 0.22, 0.44),
    "static.prop.container": (1.00, 0.97, 0.86),
    "static.prop.box01": (0.35, 0.35, 0.35),
}


def library() -> dict[str, Blueprint]:
    """Returns every blueprint by id."""
    items: list[Blueprint] = []
    for name, (*extent, mass, power, wheelbase, colour) in _CARS.items():
        x, y, z = (float(value) for value in extent)
        chassis = Chassis(x, y, z, float(mass), float(power), float(wheelbase))
        truck = "carlacola" in name
        attributes = _car_attributes(str(colour), "truck" if truck else "car")
        tag = TRUCK_TAG if truck else CAR_TAG
        items.append(Blueprint(len(items) + 1, name, attributes, (x, y, z), tag, chassis))
    for name, size in _PROPS.items():
        attributes = (Attribute("size", STRING, "small", modifiable=False), _role("prop"))
        items.append(Blueprint(len(items) + 1, name, attributes, size, STATIC_TAG))
    for name, attributes in _sensors().items():
        items.append(Blueprint(len(items) + 1, name, attributes))
    return {item.id: item for item in items}


def _sensors() -> dict[str, tuple[Attribute, ...]]:
    role = (_role("sensor"),)
    obstacle = (
        Attribute("distance", FLOAT, "5.0", low=0.0, high=1000.0),
        Attribute("hit_radius", FLOAT, "0.5", low=0.0, high=100.0),
        Attribute("only_dynamics", BOOL, "False"),
        _sensor_tick(),
    )
    gnss = _noise(
        "noise_alt_bias", "noise_alt_stddev", "noise_lat_bias", "noise_lat_stddev",
        "noise_lon_bias", "noise_lon_stddev",
    )  # fmt: skip
    imu = _noise(
        "noise_accel_stddev_x", "noise_accel_stddev_y", "noise_accel_stddev_z",
        "noise_gyro_bias_x", "noise_gyro_bias_y", "noise_gyro_bias_z",
        "noise_gyro_stddev_x", "noise_gyro_stddev_y", "noise_gyro_stddev_z",
    )  # fmt: skip
    seed = (Attribute("noise_seed", INT, "0"), _sensor_tick())
    return {
        "sensor.camera.rgb": _image_attributes(),
        "sensor.camera.semantic_segmentation": _image_attributes(),
        "sensor.other.collision": role,
        "sensor.other.lane_invasion": role,
        "sensor.other.obstacle": obstacle + role,
        "sensor.other.gnss": gnss + seed + role,
        "sensor.other.imu": imu + seed + role,
    }
