"""RPC functions about actors of any kind: spawn, destroy, place, look up."""

from rca.sim.actors import Actor
from rca.sim.rpc import value, void
from rca.sim.wire import (
    ArgumentError,
    integer,
    sequence,
    text,
    transform,
    vector,
)
from rca.sim.world import World

RIGID, SPRING_ARM, SPRING_ARM_GHOST = 0, 1, 2


def described(description: object) -> tuple[str, list[tuple[str, str]]]:
    """Reads an ActorDescription: blueprint id and attribute values."""
    _, name, attributes = sequence(description, 3)
    values = []
    for attribute in sequence(attributes):
        key, _, content = sequence(attribute, 3)
        values.append((text(key), text(content)))
    return text(name), values


@value
def get_actor_definitions(world: World) -> list[object]:
    """Returns the blueprint library."""
    return [blueprint.packed() for blueprint in world.blueprints.values()]


@value
def get_spectator(world: World) -> list[object]:
    """Returns the spectator."""
    return world.spectator.packed()


@value
def get_actors_by_id(world: World, ids: object) -> list[object]:
    """Returns those of the actors asked for that exist."""
    found = (world.actors.get(integer(item)) for item in sequence(ids))
    return [actor.packed() for actor in found if actor is not None]


@value
def spawn_actor(world: World, description: object, place: object) -> list[object]:
    """Spawns an actor."""
    name, values = described(description)
    return world.spawn(name, values, transform(place)).packed()


@value
def spawn_actor_with_parent(
    world: World,
    description: object,
    place: object,
    parent: object,
    attachment: object = RIGID,
    *socket: object,
) -> list[object]:
    """Spawns an actor fixed to a parent; every kind of attachment is rigid here."""
    name, values = described(description)
    if attachment not in (RIGID, SPRING_ARM, SPRING_ARM_GHOST):
        raise ArgumentError(f"attachment {attachment} is unknown")
    return world.spawn(name, values, transform(place), world.actor(parent)).packed()


@value
def destroy_actor(world: World, actor: object) -> bool:
    """Removes an actor; False when there is none."""
    return world.destroy(integer(actor))


@value
def get_actor_bounding_box(world: World, actor: object) -> list[object]:
    """Returns an actor's box; an empty one for actors that are gone.

    The Traffic Manager asks for just destroyed actors and would end the client on an error.
    """
    found = world.actors.get(integer(actor))
    if found is None:
        return [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], 0]
    return found.bounding_box()


@void
def set_actor_transform(world: World, actor: object, place: object) -> None:
    """Teleports an actor."""
    world.actor(actor).place(transform(place))


@void
def set_actor_location(world: World, actor: object, location: object) -> None:
    """Teleports an actor without turning it."""
    found = world.actor(actor)
    found.place((*vector(location), *_placed(found)[3:]))


def _placed(actor: Actor) -> tuple[float, float, float, float, float, float]:
    return actor.transform if actor.parent is None else actor.relative


@void
def set_actor_simulate_physics(world: World, actor: object, enabled: object) -> None:
    """Freezes or releases a vehicle."""
    found = world.actor(actor)
    if found.car is not None:
        found.car.physics = bool(enabled)
        if not enabled:
            found.car.set_velocity((0.0, 0.0, 0.0))


@void
def set_actor_collisions(world: World, actor: object, enabled: object) -> None:
    """Lets an actor be hit, or not."""
    world.actor(actor).collides = bool(enabled)
