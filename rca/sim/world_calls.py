"""RPC functions about the episode: version, map, settings, weather, ticks."""

from rca.errors import UsageError
from rca.sim import wire
from rca.sim.built_in import BUILT_IN
from rca.sim.maps import MAX_XODR_BYTES, Map, levelled
from rca.sim.rpc import CallError, value, void
from rca.sim.weather import Weather
from rca.sim.wire import ArgumentError, integer, pack_transform, real, sequence, text
from rca.sim.world import World

UPLOADED = "OpenDriveMap"
"""Name under which CARLA loads a map that the client sent."""
LONGEST_STEP = 10.0
"""Longest accepted fixed step, seconds."""


@value
def version(world: World) -> str:
    """Returns the release whose protocol is spoken."""
    return wire.VERSION


@value
def get_episode_info(world: World) -> list[object]:
    """Returns the episode's number and the token of the world stream."""
    return [world.episode, [wire.token(world.streams_of_world[-1], world.streams.port)]]


@value
def get_sensor_token(world: World, stream: object) -> list[bytes]:
    """Returns the token with which the client connects to a stream."""
    return [world.stream_token(integer(stream))]


@value
def get_episode_settings(world: World) -> list[object]:
    """Returns the settings."""
    own = world.settings
    step = [False] if own.fixed_delta is None else [True, own.fixed_delta]
    return [own.synchronous, own.no_rendering, step, *own.rest]


@value
def set_episode_settings(world: World, settings: object) -> int:
    """Changes the settings; returns the frame from which they hold."""
    fields = list(sequence(settings, 11))
    optional = sequence(fields[2])
    step = real(optional[1]) if len(optional) == 2 and optional[0] else None
    if step is not None and not 0 <= step <= LONGEST_STEP:
        raise ArgumentError(f"fixed_delta_seconds={step} is outside 0..{LONGEST_STEP:g}")
    for number in fields[4:7]:
        real(number)
    if fields[0] and not world.settings.synchronous and world.untouched:
        world.rewind()
    world.settings.synchronous = bool(fields[0])
    world.settings.no_rendering = bool(fields[1])
    world.settings.fixed_delta = step or None
    world.settings.rest = fields[3:]
    return world.frame


@value
def get_required_files(world: World, folder: object = "", *rest: object) -> list[str]:
    """Returns no files: the client needs none from here."""
    return []


@value
def query_lights_state(world: World, *endpoint: object) -> list[object]:
    """Returns no street lights."""
    return []


@value
def get_map_info(world: World) -> list[object]:
    """Returns the map's name and spawn points."""
    return [world.map.name, [pack_transform(point) for point in world.map.spawn_points]]


@value
def get_map_data(world: World) -> str:
    """Returns the map's OpenDRIVE text."""
    return world.map.xodr


@value
def get_available_maps(world: World) -> list[str]:
    """Returns the names that load_new_episode takes."""
    return list(dict.fromkeys([*BUILT_IN, *world.maps]))


@void
def load_new_episode(world: World, name: object, reset: object = True, *layers: object) -> None:
    """Starts a new episode on a map; "" stays on the present one."""
    wanted = text(name).rsplit("/", 1)[-1] or world.map.name
    if wanted not in world.maps:
        if wanted not in BUILT_IN:
            raise CallError(
                f"map {wanted[:80]!r} is unknown, there are {get_available_maps(world)}"
            )
        world.maps[wanted] = Map.load(wanted)
    if reset:
        world.settings = type(world.settings)()
    world.load(world.maps[wanted])


@void
def copy_opendrive_to_file(world: World, xodr: object, *parameters: object) -> None:
    """Takes an OpenDRIVE map from the client, to be loaded as "OpenDriveMap"."""
    document = text(xodr)
    if len(document) > MAX_XODR_BYTES:
        raise ArgumentError(f"the map is larger than {MAX_XODR_BYTES >> 20} MiB")
    try:
        world.maps[UPLOADED] = Map(UPLOADED, levelled(document))
    except UsageError as error:
        raise CallError(str(error)) from None


@value
def tick_cue(world: World) -> int:
    """Advances one step in synchronous mode; returns the frame."""
    return world.tick() if world.settings.synchronous else world.frame


@value
def get_weather_parameters(world: World) -> list[float]:
    """Returns the weather."""
    return list(world.weather.values)


@void
def set_weather_parameters(world: World, weather: object) -> None:
    """Changes the weather."""
    world.weather = Weather.read(weather)


@value
def get_names_of_all_objects(world: World) -> list[str]:
    """Returns a name for every fixed thing of the map."""
    return [f"{box.kind}_{number}" for number, box in enumerate(world.map.obstacles.boxes)]


@void
def draw_debug_shape(world: World, shape: object) -> None:
    """Accepts a debug drawing; cameras do not show it."""


@value
def is_traffic_manager_running(world: World, port: object) -> bool:
    """Whether a client has announced a Traffic Manager at this port."""
    return integer(port) in world.traffic_managers


@value
def get_traffic_manager_running(world: World, port: object) -> list[object]:
    """Returns host and port of an announced Traffic Manager."""
    number = integer(port)
    return [world.traffic_managers.get(number, ""), number]


@value
def add_traffic_manager_running(world: World, address: object) -> bool:
    """Announces a Traffic Manager; False when the port has one already."""
    host, port = sequence(address, 2)
    number = integer(port)
    if number in world.traffic_managers or not 0 < number < 65536:
        return False
    world.traffic_managers[number] = text(host)[:255]
    return True


@void
def destroy_traffic_manager(world: World, port: object) -> None:
    """Forgets a Traffic Manager."""
    world.traffic_managers.pop(integer(port), None)


@void
def reset_all_traffic_lights(world: World) -> None:
    """Does nothing: the maps have no traffic lights."""
