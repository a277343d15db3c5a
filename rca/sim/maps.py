"""The built-in maps, written as OpenDRIVE, and the reading of a user's own `.xodr` file."""

import math
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rca.errors import UsageError
from rca.sim.collision import Obstacles
from rca.sim.opendrive import (
    Lane,
    Link,
    Object,
    Pose,
    Road,
    Shape,
    closed_polygon,
    to_xml,
)
from rca.sim.roads import Network, driving_strips, read_network
from rca.sim.solids import Faces, fixed_faces
from rca.sim.wire import Transform

if TYPE_CHECKING:
    from rca.sim.ground import Ground

SPAWN_EVERY = 50
"""Samples of half a metre between two spawn points of a lane."""
SPAWN_HEIGHT = 0.3
"""Height of spawn points, metres; as in CARLA, a car drops the last bit."""
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
        self.name = name
        self.xodr = xodr
        self.network = read_network(xodr, name)
        self.obstacles = Obstacles(self.network.boxes)
        self.spawn_points = spawn_points(self.network)

    @classmethod
    def load(cls, name: str) -> "Map":
        """Loads a built-in map by name or a `.xodr` file by path."""
        return cls(name if name in BUILT_IN else Path(name).stem, load_xodr(name))

    @cached_property
    def ground(self) -> "Ground":
        """The raster for cameras; drawn at first use, since a run without camera needs none."""
        from rca.sim.ground import Ground  # needs OpenCV, 0.2 s

        return Ground(self.network)

    @cached_property
    def faces(self) -> "Faces | None":
        """What stands beside the roads, for cameras."""
        return fixed_faces(self.network.boxes)


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


def _rural_side(width: float) -> list[Lane]:
    return [Lane("driving", width, "solid"), Lane("shoulder", 1.5)]


def _ring(
    start: Pose, shapes: Sequence[Shape], lanes: Sequence[Lane], centre_mark: str
) -> list[Road]:
    """Returns one road per shape, each joined to the next, the last to the first."""
    roads, pose = [], start
    for number, shape in enumerate(shapes):
        before, after = (number - 1) % len(shapes), (number + 1) % len(shapes)
        road = Road(
            number, pose, [shape], right=lanes, left=lanes, centre_mark=centre_mark,
            predecessor=Link("road", before, "end"), successor=Link("road", after, "start"),
        )  # fmt: skip
        roads.append(road)
        pose = road.end
    return roads


def _barriers(road: Road, t: float, step: float = 8.0) -> list[Object]:
    """Returns wall pieces along a whole road at the lateral place `t` (left positive, metres)."""
    curvature = road.shapes[0].curvature
    count = max(1, math.ceil(road.length / step))
    length = road.length / count * (1 - curvature * t)
    return [
        Object("barrier", (k + 0.5) * road.length / count, t, length + 0.1, 0.4, 1.0)
        for k in range(count)
    ]


def _row(
    kind: str, road: Road, t: float, step: float, size: tuple[float, float, float]
) -> list[Object]:
    """Returns a row of equal objects along a road; buildings and trees vary a little in height."""
    count = int(road.length // step)
    return [
        Object(
            kind,
            (k + 0.5) * road.length / count,
            t,
            size[0],
            size[1],
            size[2] * (1 + (k * 7 % 5) / 8),
        )
        for k in range(count)
    ]


@cache
def oval() -> str:
    """Returns a loop of about 530 m: two straights, two half circles, one lane each way."""
    corners = [(-110.0, -42.0), (110.0, -42.0), (110.0, 42.0), (-110.0, 42.0)]
    start, shapes = closed_polygon(corners, [42.0] * 4)
    half_circles = [shapes[0], _joined(shapes[1:3]), shapes[3], _joined(shapes[4:6])]
    roads = _ring(start, half_circles, _rural_side(3.5), "broken")
    for road in roads:
        if road.shapes[0].curvature:
            road.objects += _barriers(road, -7.5)
            road.objects += _row("tree", road, -14.0, 17.0, (4.0, 4.0, 6.0))
        else:
            road.objects += _row("building", road, -19.0, 34.0, (18.0, 10.0, 7.0))
            road.objects += _row("tree", road, 12.0, 22.0, (4.0, 4.0, 5.0))
    return to_xml("oval", roads)


def _joined(arcs: Sequence[Shape]) -> Shape:
    return Shape(sum(arc.length for arc in arcs), arcs[0].curvature)


BUILT_IN: dict[str, Callable[[], str]] = {"oval": oval}
"""Name to OpenDRIVE text."""
