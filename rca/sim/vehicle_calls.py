"""RPC functions about vehicles: control, velocity, physics, lights."""

import math

from rca.sim.rpc import value, void
from rca.sim.vehicle import Car
from rca.sim.wire import ArgumentError, Control, integer, real, sequence, vector
from rca.sim.world import World


@void
def apply_control_to_vehicle(world: World, actor: object, control: object) -> None:
    """Sets throttle, steering and brakes until the next control comes."""
    world.car(actor).control = Control.read(control)


@void
def set_actor_target_velocity(world: World, actor: object, velocity: object) -> None:
    """Sets a vehicle's velocity in the world, m/s."""
    found = world.actor(actor)
    if found.car is not None:
        found.car.set_velocity(vector(velocity))


@void
def set_actor_target_angular_velocity(world: World, actor: object, velocity: object) -> None:
    """Sets how fast a vehicle turns, degrees/s; its wheels take over at the next step."""
    found = world.actor(actor)
    if found.car is not None:
        found.car.yaw_rate = math.radians(vector(velocity)[2])


@void
def enable_actor_constant_velocity(world: World, actor: object, velocity: object) -> None:
    """Keeps a vehicle at a velocity in its own frame, m/s."""
    world.car(actor).constant_velocity = vector(velocity)


@void
def disable_actor_constant_velocity(world: World, actor: object) -> None:
    """Gives a vehicle back to its controls."""
    world.car(actor).constant_velocity = None


@void
def add_actor_impulse(world: World, actor: object, impulse: object) -> None:
    """Pushes a vehicle; N s in the world."""
    car = world.car(actor)
    push, moving = vector(impulse), car.velocity
    mass = car.chassis.mass
    car.set_velocity((moving[0] + push[0] / mass, moving[1] + push[1] / mass, moving[2]))


@value
def get_physics_control(world: World, actor: object) -> list[object]:
    """Returns a vehicle's physics; what the bicycle model lacks has CARLA's usual values."""
    car = world.car(actor)
    chassis = car.chassis
    gears = [[ratio, 0.5, 0.65] for ratio in (4.25, 2.52, 1.66, 1.22, 1.0)]
    return [
        [[0.0, 400.0], [1890.0, 500.0], [5729.0, 400.0]], 5800.0, 1.0, 0.15, 2.0, 0.35, True, 0.5,
        10.0, 4.0, gears, chassis.mass, 0.3, [0.0, 0.0, 0.0],
        [list(point) for point in chassis.steering_curve], _wheels(car), False,
    ]  # fmt: skip


def _wheels(car: Car) -> list[object]:
    """Returns the four wheels; their places are in the world, centimetres."""
    chassis = car.chassis
    wheels: list[object] = []
    cos, sin = math.cos(car.yaw), math.sin(car.yaw)
    for ahead, steer in ((1, chassis.max_steer), (-1, 0.0)):
        for side in (-1, 1):
            x, y = ahead * chassis.wheelbase / 2, side * chassis.half_width * 0.85
            place = [car.x + cos * x - sin * y, car.y + sin * x + cos * y, car.z + 0.35]
            centimetres = [100 * value for value in place]
            hand_brake = 3000.0 if ahead < 0 else 0.0
            tyre = [3.5, 0.25, steer, 35.0, 1500.0, hand_brake, 2.0, 17.0, 1000.0]
            wheels.append([*tyre, centimetres])
    return wheels


@void
def apply_physics_control(world: World, actor: object, physics: object) -> None:
    """Takes over mass, steering curve and largest steering angle; the rest has no effect here."""
    car = world.car(actor)
    fields = sequence(physics, 17)
    mass = real(fields[11])
    points = [sequence(point, 2) for point in sequence(fields[14])]
    curve = sorted((real(x), real(y)) for x, y in points)
    wheels = [sequence(wheel) for wheel in sequence(fields[15])]
    steer = max((real(wheel[2]) for wheel in wheels), default=car.chassis.max_steer)
    if not 10.0 <= mass <= 1e6 or not 0.0 <= steer <= 85.0:
        raise ArgumentError(f"mass {mass:g} kg or steering angle {steer:g} degrees is impossible")
    car.chassis.mass, car.chassis.max_steer, car.chassis.steering_curve = mass, steer, curve


@value
def get_wheel_steer_angle(world: World, actor: object, wheel: object) -> float:
    """Returns a wheel's angle in degrees; the rear wheels stay straight."""
    return math.degrees(world.car(actor).wheel) if integer(wheel) in (0, 1) else 0.0


@void
def apply_ackermann_control_to_vehicle(world: World, actor: object, control: object) -> None:
    """Steers to an angle (rad) and drives towards a speed (m/s) by proportional control."""
    car = world.car(actor)
    steer, _, speed, _, _ = (real(item) for item in sequence(control, 5))
    missing = speed - car.forward
    car.control = Control(
        throttle=0.5 * missing,
        brake=-0.3 * missing,
        steer=steer / math.radians(max(car.chassis.max_steer, 1.0)),
    )


@value
def get_vehicle_light_state(world: World, actor: object) -> list[int]:
    """Returns a vehicle's light flags."""
    return [world.actor(actor).lights]


@value
def get_vehicle_light_states(world: World) -> list[object]:
    """Returns the light flags of all vehicles."""
    cars = (actor for actor in world.actors.values() if actor.car is not None)
    return [[actor.id, actor.lights] for actor in cars]


@void
def set_vehicle_light_state(world: World, actor: object, state: object) -> None:
    """Sets a vehicle's light flags; cameras do not show them."""
    (flags,) = sequence(state, 1)
    world.actor(actor).lights = integer(flags) & 0xFFFFFFFF
