"""Maps: a built-in one or a user's own `.xodr` file, and what is derived from it."""

import math
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rca.errors import UsageError
from rca.sim.built_in import BUILT_IN
from rca.sim.collision import Obstacles
from rca.sim.roads import Network, driving_strips, read_network
from rca.sim.solids import Faces, fixed_faces
from rca.sim.traffic import Lanes
from rca.sim.wire import Transform

if TYPE_CHECKING:
    from rca.sim.ground import Ground

MAX_PIXELS_FOREIGN = 32_000_000
"""Largest raster of a user's map: 0.2 m a pixel for 1.1 km by 1.1 km, 170 MB in all."""
SPAWN_EVERY = 50
"""Samples of half a metre between two spawn points of a lane."""
SPAWN_HEIGHT = 0.3
"""Height of spawn points, metres; as in CARLA, a car drops the last bit."""
DEFAULT_ORIGIN = 42.0, 2.0
"""Where the client puts a map without a readable georeference: near Barcelona."""
MAX_XODR_BYTES = 64 * 2**20
"""Largest accepted OpenDRIVE file; CARLA's biggest town (Town12's tiles aside) is about 20 MB."""


def load_xodr(name: str) -> str:
    """Returns the OpenDRIVE text of a built-in map or of a `.xodr` file.

    Raises:
        UsageError: No such map, or the file is missing, unreadable or larger than 64 MiB.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]()
    if not name.endswith(".xodr"):
        known = ", ".join(BUILT_IN)
        raise UsageError(
            f"map {name!r} is unknown: use one of {known}, or the path of a .xodr file"
        )
    path = Path(name)
    try:
        if path.stat().st_size > MAX_XODR_BYTES:
            raise UsageError(f"{path}: larger than {MAX_XODR_BYTES >> 20} MiB, use a smaller map")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as an OpenDRIVE file ({error})") from None


class Map:
    """A map with everything that is derived from its OpenDRIVE text.

    Raises:
        UsageError: The text is not a usable OpenDRIVE map.
    """

    def __init__(self, name: str, xodr: str) -> None:
        self.name = Path(name).stem
        self.xodr = xodr
        self.network = read_network(xodr, name)
        self.obstacles = Obstacles(self.network.boxes)
        self.spawn_points = spawn_points(self.network)
        self.origin = geographic_origin(xodr)

    @classmethod
    def load(cls, name: str) -> "Map":
        """Loads a built-in map by name or a `.xodr` file by path."""
        xodr = load_xodr(name)
        return cls(name, xodr if name in BUILT_IN else levelled(xodr))

    @cached_property
    def lanes(self) -> Lanes:
        """The lanes as the server's own drivers see them."""
        return Lanes(self.network)

    @cached_property
    def ground(self) -> "Ground":
        """The raster for cameras; drawn at first use, since a run without camera needs none."""
        from rca.sim.ground import MAX_PIXELS, Ground  # needs OpenCV, 0.2 s

        return Ground(self.network, MAX_PIXELS if self.name in BUILT_IN else MAX_PIXELS_FOREIGN)

    @cached_property
    def faces(self) -> "Faces | None":
        """What stands beside the roads, for cameras."""
        return fixed_faces(self.network.boxes)


def levelled(xodr: str) -> str:
    """Returns the document without heights and banking, and without spirals that are arcs.

    The server's world is flat, so the client's map must be too. A spiral whose two curvatures agree
    gives the 0.9.16 client NaN waypoints.
    """
    flat = re.sub(r"<(elevation|superelevation|crossfall|shape)\b[^<>]*/>", "", xodr)

    def unbent(spiral: re.Match[str]) -> str:
        start, end = (
            re.search(rf'\b{key}="([^"]*)"', spiral[0]) for key in ("curvStart", "curvEnd")
        )
        try:
            if start is None or end is None or float(start[1]) != float(end[1]):
                return spiral[0]
        except ValueError:
            return spiral[0]
        return f'<arc curvature="{start[1]}"/>' if float(start[1]) else "<line/>"

    return re.sub(r"<spiral\b[^<>]*/>", unbent, flat)


def geographic_origin(xodr: str) -> tuple[float, float]:
    """Returns latitude and longitude of the map's origin, degrees; CARLA's default if not given."""
    found = re.search(r"\+lat_0=(\S+)\s+\+lon_0=([^\s\]<]+)", xodr[:10_000])
    try:
        return (float(found[1]), float(found[2])) if found else DEFAULT_ORIGIN
    except ValueError:
        return DEFAULT_ORIGIN


def spawn_points(network: Network) -> list[Transform]:
    """Returns lane centres about every 25 m outside junctions, in driving direction."""
    points: list[Transform] = []
    for strip in driving_strips(network, junctions=False):
        path, yaw = strip.path, strip.yaw
        for index in range(SPAWN_EVERY // 4, len(path) - SPAWN_EVERY // 4, SPAWN_EVERY):
            heading = math.degrees(math.remainder(float(yaw[index]), 2 * math.pi))
            x, y = (float(value) for value in path[index])
            points.append((x, y, SPAWN_HEIGHT, 0.0, heading, 0.0))
    return points
