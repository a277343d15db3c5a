"""Actors of an episode and how they look on the wire."""

import math
from dataclasses import dataclass

from rca.sim import wire
from rca.sim.blueprints import Blueprint
from rca.sim.collision import Footprint, footprint
from rca.sim.pose import attached
from rca.sim.vehicle import Car
from rca.sim.wire import Transform, Vector

NOWHERE: Transform = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
STILL: Vector = (0.0, 0.0, 0.0)
SPEED_LIMIT = 50.0
"""Speed limit told to the client, km/h: the usual one in built-up areas."""


@dataclass(eq=False)
class Actor:
    """One actor of an episode."""

    id: int
    blueprint: Blueprint
    values: dict[str, str]
    fixed: Transform = NOWHERE
    """World transform of an actor that is no car."""
    parent: "Actor | None" = None
    relative: Transform = NOWHERE
    """Place in the parent's frame; counts only with a parent."""
    token: bytes = wire.NO_TOKEN
    stream: int = 0
    car: Car | None = None
    collides: bool = True
    lights: int = 0

    @property
    def transform(self) -> Transform:
        """World transform."""
        return self.car.transform if self.car is not None else self.fixed

    def place(self, transform: Transform) -> None:
        """Teleports the actor, or what is attached to a parent to a place in the parent's frame."""
        if self.car is not None:
            self.car.place(transform)
        elif self.parent is not None:
            self.relative = transform
        else:
            self.fixed = transform

    def follow(self) -> None:
        """Moves an attached actor to where its parent carries it."""
        if self.parent is not None:
            self.fixed = attached(self.parent.transform, self.relative)

    @property
    def solid(self) -> bool:
        """Whether cars can hit it."""
        return self.collides and self.blueprint.extent[0] > 0.0

    def footprint(self) -> Footprint:
        """Returns what others can hit."""
        return footprint(self.transform, self.blueprint.extent)

    def bounding_box(self) -> list[object]:
        """Returns the BoundingBox array, in the actor's own frame."""
        x, y, z = self.blueprint.extent
        return [[0.0, 0.0, z], [x, y, z], [0.0, 0.0, 0.0], self.id]

    def packed(self) -> list[object]:
        """Returns the Actor array."""
        types = {item.id: item.type for item in self.blueprint.attributes}
        values = [[name, types[name], value] for name, value in self.values.items()]
        tags = bytes([self.blueprint.tag]) if self.blueprint.tag else b""
        parent = self.parent.id if self.parent is not None else 0
        description = [self.blueprint.uid, self.blueprint.id, values]
        return [self.id, parent, description, self.bounding_box(), tags, self.token]

    def record(self) -> bytes:
        """Returns the actor's record of a snapshot."""
        car = self.car
        if car is None:
            return wire.actor_record(self.id, self.fixed, STILL, STILL, STILL, b"")
        union = wire.vehicle_union(car.control, car.gear, SPEED_LIMIT)
        spin = (0.0, 0.0, math.degrees(car.yaw_rate))
        place = car.transform
        return wire.actor_record(self.id, place, car.velocity, spin, car.acceleration, union)


def fixed_thing(kind: str) -> list[object]:
    """Returns the Actor array of a part of the map, as a collision names it: id 0, static.KIND."""
    names = {"barrier": "static.wall", "tree": "static.vegetation", "obstacle": "static.static"}
    description = [0, names.get(kind, f"static.{kind}"), []]
    box = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], 0]
    return [0, 0, description, box, b"", wire.NO_TOKEN]
