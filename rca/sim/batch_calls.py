"""apply_batch: many commands in one call, each the same as a call of its own."""

from collections.abc import Callable

from rca.sim import actor_calls, vehicle_calls
from rca.sim.rpc import CallError, bare
from rca.sim.wire import ArgumentError, integer, sequence, transform
from rca.sim.world import World

FUTURE_ACTOR = 0
"""Actor id in commands that follow a spawn: "the one just spawned"."""

_COMMANDS: dict[int, Callable[[World, object, object], object]] = {
    2: vehicle_calls.apply_control_to_vehicle,
    3: vehicle_calls.apply_ackermann_control_to_vehicle,
    5: vehicle_calls.apply_physics_control,
    6: actor_calls.set_actor_transform,
    8: vehicle_calls.set_actor_target_velocity,
    9: vehicle_calls.set_actor_target_angular_velocity,
    10: vehicle_calls.add_actor_impulse,
    14: actor_calls.set_actor_simulate_physics,
    18: lambda world, actor, flags: vehicle_calls.set_vehicle_light_state(world, actor, [flags]),
    19: actor_calls.set_actor_location,
}
"""Commands of the form [actor, value] by their place in the client's variant."""
_SPAWN, _DESTROY, _AUTOPILOT = 0, 1, 16


@bare
def apply_batch(world: World, commands: object, do_tick: object = False) -> list[object]:
    """Runs commands in order, then ticks if asked to; returns one result per command."""
    results: list[object] = [
        _result(world, sequence(command, 1)[0]) for command in sequence(commands)
    ]
    if do_tick and world.settings.synchronous:
        world.tick()
    return results


def _result(world: World, command: object) -> list[object]:
    try:
        return [[1, _run(world, command, FUTURE_ACTOR)]]
    except (CallError, ArgumentError) as error:
        return [[0, [str(error)]]]


def _run(world: World, command: object, spawned: int) -> int:
    """Runs one command and returns the id of the actor it was about."""
    number, value = sequence(command, 2)
    fields = sequence(value)
    if number == _SPAWN:
        return _spawn(world, fields)
    actor = integer(fields[0]) or spawned
    if number == _DESTROY:
        if not world.destroy(actor):
            raise CallError(f"unable to destroy actor {actor}: not found")
    elif number == _AUTOPILOT:
        world.actor(actor)  # the client's own Traffic Manager does the driving
    elif number in _COMMANDS:
        _COMMANDS[integer(number)](world, actor, fields[1])
    else:
        raise CallError(f"not implemented: batch command {number}")
    return actor


def _spawn(world: World, fields: object) -> int:
    description, place, parent, _attachment, _, *rest = sequence(fields)
    name, values = actor_calls.described(description)
    owner = sequence(parent)
    to = world.actor(owner[1]) if len(owner) == 2 and owner[0] else None
    actor = world.spawn(name, values, transform(place), to)
    for following in sequence(rest[0]) if rest else ():
        _run(world, sequence(following, 1)[0], actor.id)
    return actor.id
