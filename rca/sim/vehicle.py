"""How a car moves: a kinematic bicycle with actuator lag, tyre grip and finite engine power."""

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise

from rca.sim.wire import Control, Transform, Vector

GRAVITY = 9.81
GRIP = 8.5
"""Lateral and braking acceleration the tyres hold, m/s^2: about 0.87 g, dry asphalt."""
HAND_BRAKE = 4.5
"""Deceleration of the hand brake, m/s^2: two of four wheels."""
ROLLING = 0.15
"""Rolling resistance, m/s^2: a coefficient of 0.015."""
ENGINE_BRAKE = 0.5
"""Extra deceleration with the foot off the throttle, m/s^2."""
DRAG = 0.0004
"""Air drag per squared speed, 1/m: 0.5 * 1.2 kg/m^3 * 0.7 m^2 / 1,100-1,900 kg, rounded up."""
LAUNCH = 4.5
"""Largest acceleration at full throttle, m/s^2: 100 km/h in about 8 s with the power below."""
STEER_RATE = math.radians(300.0)
"""Speed of the front wheels' turning, rad/s: 70 degrees in 0.23 s."""
THROTTLE_RATE = 5.0
"""Share of full throttle gained or lost per second."""
SUBSTEP = 0.01
"""Longest integration step, s: CARLA's default max_substep_delta_time."""


@dataclass
class Chassis:
    """What sets one car model apart; metres, kilograms, watts."""

    half_length: float
    half_width: float
    half_height: float
    mass: float
    power: float
    wheelbase: float
    max_steer: float = 70.0
    """Largest angle of the front wheels, degrees: CARLA's usual value."""
    steering_curve: list[tuple[float, float]] = field(
        default_factory=lambda: [(0.0, 1.0), (20.0, 0.9), (60.0, 0.8), (120.0, 0.7)]
    )
    """Speed in km/h and the share of `max_steer` left there: CARLA's default curve."""


def interpolate(curve: list[tuple[float, float]], x: float) -> float:
    """Returns a piecewise linear curve's value at `x`, constant beyond its ends."""
    if not curve:
        return 1.0
    for (x0, y0), (x1, y1) in pairwise(curve):
        if x < x1:
            return y0 + (y1 - y0) * max(x - x0, 0.0) / (x1 - x0)
    return curve[-1][1]


def approach(value: float, target: float, step: float) -> float:
    """Returns `value` moved towards `target` by at most `step`; it arrives exactly."""
    return min(max(target, value - step), value + step)


class Car:
    """Place, motion and actuators of one car; radians, clockwise; sideways is to the right."""

    def __init__(self, chassis: Chassis, transform: Transform) -> None:
        self.chassis = replace(chassis)  # its own: a client may change one car's physics
        self.control = Control()
        self.wheel = 0.0
        self.drive = 0.0
        self.forward = 0.0  # m/s
        self.slip = 0.0  # m/s to the right, beyond what the bicycle's geometry gives
        self.fall = 0.0  # m/s upwards
        self.yaw_rate = 0.0  # rad/s
        self.acceleration: Vector = (0.0, 0.0, 0.0)
        self.physics = True
        self.constant_velocity: Vector | None = None
        self.x, self.y, self.z = transform[:3]
        self.yaw = math.radians(transform[4])

    def place(self, transform: Transform) -> None:
        """Puts the car somewhere; its velocity in the world and its control stay as they are."""
        moving = self.velocity
        self.x, self.y, self.z = transform[:3]
        self.yaw = math.radians(transform[4])
        self.set_velocity(moving)

    @property
    def transform(self) -> Transform:
        """Current place; a car stands level."""
        return self.x, self.y, self.z, 0.0, math.degrees(self.yaw), 0.0

    @property
    def velocity(self) -> Vector:
        """World velocity, m/s."""
        sideways = self.slip + self.forward * math.sin(self._drift())
        ahead = self.forward * math.cos(self._drift())
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        return ahead * cos - sideways * sin, ahead * sin + sideways * cos, self.fall

    def set_velocity(self, velocity: Vector) -> None:
        """Sets the world velocity, m/s; what does not point along the car becomes slip."""
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        self.forward = velocity[0] * cos + velocity[1] * sin
        self.slip = -velocity[0] * sin + velocity[1] * cos
        self.fall = velocity[2]
        self.yaw_rate = 0.0

    @property
    def gear(self) -> int:
        """Gear as the client shows it: -1 reverse, 0 standing neutral, 1 to 5 by speed."""
        if self.control.manual:
            return self.control.gear
        if self.control.reverse:
            return -1
        return 0 if self.forward == 0.0 and self.control.throttle == 0.0 else 1 + min(
            int(max(self.forward, 0.0) / 8.0), 4
        )  # fmt: skip

    def step(self, seconds: float) -> None:
        """Moves the car on."""
        before = self.velocity
        count = max(1, math.ceil(seconds / SUBSTEP - 1e-9))
        if self.physics:
            for _ in range(count):
                self._substep(seconds / count)
        after = self.velocity
        self.acceleration = (
            (after[0] - before[0]) / seconds,
            (after[1] - before[1]) / seconds,
            (after[2] - before[2]) / seconds,
        )

    def _substep(self, h: float) -> None:
        self._actuate(h)
        if self.constant_velocity is not None:
            self.forward, self.slip, self.fall = self.constant_velocity
        else:
            self.forward = self._longitudinal(h)
            self.slip = approach(self.slip, 0.0, GRIP * h)
        self.yaw_rate = self._turning()
        drift = self._drift()
        ahead = self.forward * math.cos(drift)
        sideways = self.slip + self.forward * math.sin(drift)
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        self.x += (ahead * cos - sideways * sin) * h
        self.y += (ahead * sin + sideways * cos) * h
        self.yaw = math.remainder(self.yaw + self.yaw_rate * h, 2 * math.pi)
        self._drop(h)

    def _actuate(self, h: float) -> None:
        curve = interpolate(self.chassis.steering_curve, abs(self.forward) * 3.6)
        target = self.control.steer * math.radians(self.chassis.max_steer) * curve
        self.wheel = approach(self.wheel, target, STEER_RATE * h)
        self.drive = approach(self.drive, self.control.throttle, THROTTLE_RATE * h)

    def _longitudinal(self, h: float) -> float:
        control, speed = self.control, abs(self.forward)
        direction = -1 if control.reverse else 1
        if control.manual:
            direction = (control.gear > 0) - (control.gear < 0)
        engine = min(LAUNCH, self.chassis.power / (self.chassis.mass * max(speed, 1.0)))
        resistance = ROLLING + DRAG * speed * speed
        resistance += ENGINE_BRAKE if self.drive == 0.0 else 0.0
        resistance += min(GRIP, control.brake * GRIP + control.hand_brake * HAND_BRAKE)
        speed = self.forward + direction * self.drive * engine * h
        return approach(speed, 0.0, resistance * h)

    def _turning(self) -> float:
        half = self.chassis.wheelbase / 2
        rate = self.forward / half * math.sin(math.atan(0.5 * math.tan(self.wheel)))
        limit = GRIP / max(abs(self.forward), 0.1)
        return min(max(rate, -limit), limit)

    def _drift(self) -> float:
        """Angle between the car and the way its middle moves, radians."""
        if abs(self.forward) < 1e-9:
            return 0.0
        sine = self.yaw_rate * self.chassis.wheelbase / 2 / self.forward
        return math.asin(min(max(sine, -1.0), 1.0))

    def _drop(self, h: float) -> None:
        if self.z > 0.0 or self.fall > 0.0:
            self.fall -= GRAVITY * h
            self.z += self.fall * h
        if self.z <= 0.0:
            self.z, self.fall = 0.0, 0.0
