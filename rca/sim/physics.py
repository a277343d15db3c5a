"""Moves all cars of a world and finds who struck what."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rca.sim.actors import Actor, fixed_thing
from rca.sim.collision import Obstacles, overlap, strike_car, strike_fixed
from rca.sim.wire import Vector

CONTACT_PERIOD = 0.05
"""Longest time between two searches for contact, s: 1 m at 20 m/s, a fifth of a car's length."""


@dataclass(frozen=True)
class Contact:
    """One impact: the actor that was struck, what it met (an Actor array), the impulse in N s."""

    struck: Actor
    other: list[object]
    impulse: Vector


def advance(actors: Sequence[Actor], obstacles: Obstacles, seconds: float) -> list[Contact]:
    """Moves every car for `seconds` and returns the impacts, in the order of actor ids."""
    cars = [actor for actor in actors if actor.car is not None]
    solid = [actor for actor in actors if actor.solid]
    contacts: list[Contact] = []
    pieces = max(1, math.ceil(seconds / CONTACT_PERIOD - 1e-9))
    for _ in range(pieces):
        for actor in cars:
            assert actor.car is not None
            actor.car.step(seconds / pieces)
        for actor in cars:
            if actor.collides and actor.car is not None and actor.car.physics:
                contacts += _meet_fixed(actor, obstacles)
                contacts += _meet_actors(actor, solid)
    return contacts


def _meet_fixed(actor: Actor, obstacles: Obstacles) -> list[Contact]:
    car, found = actor.car, []
    assert car is not None
    shape = actor.footprint()
    for number in obstacles.near(car.x, car.y, shape.radius):
        push = overlap(actor.footprint(), obstacles.footprints[number])
        if push is not None:
            impulse = strike_fixed(car, push)
            found.append(Contact(actor, fixed_thing(obstacles.boxes[number].kind), impulse))
    return found


def _meet_actors(actor: Actor, solid: Sequence[Actor]) -> list[Contact]:
    car, found = actor.car, []
    assert car is not None
    for other in solid:
        # A pair of moving cars is met once, from the one with the lower id.
        moving = other.car is not None and other.car.physics
        if other is actor or (moving and other.id < actor.id):
            continue
        place, reach = other.transform, sum(actor.blueprint.extent[:2] + other.blueprint.extent[:2])
        if abs(place[0] - car.x) > reach or abs(place[1] - car.y) > reach:
            continue
        push = overlap(actor.footprint(), other.footprint())
        if push is not None:
            impulse = _strike(actor, other, push)
            found.append(Contact(actor, other.packed(), impulse))
            found.append(Contact(other, actor.packed(), (-impulse[0], -impulse[1], 0.0)))
    return found


def _strike(actor: Actor, other: Actor, push: tuple[float, float, float]) -> Vector:
    assert actor.car is not None
    if other.car is not None and other.car.physics:
        return strike_car(actor.car, other.car, push)
    return strike_fixed(actor.car, push)
