"""A small OpenDRIVE 1.4 writer: lines and arcs, lanes, road marks, junctions, objects.

Spirals are left out on purpose: the 0.9.16 client answers NaN waypoints for spirals whose two end
curvatures agree. OpenDRIVE is right-handed (y to the left); CARLA negates y when it reads it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree

GEO_REFERENCE = "+proj=tmerc +lat_0=0 +lon_0=0 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs"


@dataclass(frozen=True)
class Pose:
    """A place and a heading in OpenDRIVE's right-handed plane; metres and radians."""

    x: float
    y: float
    heading: float


@dataclass(frozen=True)
class Shape:
    """A piece of a reference line: a line (curvature 0) or an arc; 1/m, left positive."""

    length: float
    curvature: float = 0.0

    def end(self, start: Pose) -> Pose:
        """Returns the pose at the end of the piece that begins at `start`."""
        if self.curvature == 0.0:
            x = start.x + self.length * math.cos(start.heading)
            y = start.y + self.length * math.sin(start.heading)
            return Pose(x, y, start.heading)
        heading = start.heading + self.curvature * self.length
        x = start.x + (math.sin(heading) - math.sin(start.heading)) / self.curvature
        y = start.y - (math.cos(heading) - math.cos(start.heading)) / self.curvature
        return Pose(x, y, heading)


@dataclass(frozen=True)
class Lane:
    """A lane of constant width in metres; `mark` is the road mark on its outer edge."""

    kind: str
    width: float
    mark: str = "none"


@dataclass(frozen=True)
class Link:
    """What a road is joined to: another road's start or end, or a junction.

    `flips` says that the other road runs against this one, so that lane numbers change sign.
    """

    element: str
    id: int
    contact: str = ""
    flips: bool = False


@dataclass(frozen=True)
class Object:
    """A box or a tree beside the road, placed by road coordinates; metres and radians."""

    kind: str
    s: float
    t: float
    length: float
    width: float
    height: float
    hdg: float = 0.0


@dataclass
class Road:
    """A road: its reference line from `start` along `shapes`, and lanes counted outwards."""

    id: int
    start: Pose
    shapes: Sequence[Shape]
    right: Sequence[Lane]
    left: Sequence[Lane] = ()
    centre_mark: str = "none"
    predecessor: Link | None = None
    successor: Link | None = None
    junction: int = -1
    objects: list[Object] = field(default_factory=list)

    @property
    def length(self) -> float:
        """Length of the reference line in metres."""
        return sum(shape.length for shape in self.shapes)

    @property
    def end(self) -> Pose:
        """Pose at the end of the reference line."""
        pose = self.start
        for shape in self.shapes:
            pose = shape.end(pose)
        return pose


@dataclass(frozen=True)
class Connection:
    """A way through a junction: from the incoming road's lanes onto the connecting road's lanes."""

    incoming: int
    connecting: int
    lanes: Sequence[tuple[int, int]]


@dataclass
class Junction:
    """A junction and its connections."""

    id: int
    connections: list[Connection] = field(default_factory=list)


def closed_polygon(
    corners: Sequence[tuple[float, float]], radii: Sequence[float]
) -> tuple[Pose, list[Shape]]:
    """Returns a closed reference line: the polygon's sides, each corner rounded to an arc.

    Args:
        corners: The polygon in driving order, metres.
        radii: Arc radius per corner, metres.

    Raises:
        ValueError: A side is too short for the arcs at its two ends.
    """
    turns = [_turn(corners, index) for index in range(len(corners))]
    cuts = [r * math.tan(abs(turn) / 2) for turn, r in zip(turns, radii, strict=True)]
    shapes: list[Shape] = []
    for index, corner in enumerate(corners):
        following = (index + 1) % len(corners)
        side = math.dist(corner, corners[following]) - cuts[index] - cuts[following]
        if side < -1e-9:
            raise ValueError(f"side {index} is {-side:.1f} m too short for its arcs")
        if side > 1e-6:
            shapes.append(Shape(side))
        turn, radius = turns[following], radii[following]
        shapes.append(Shape(abs(turn) * radius, math.copysign(1 / radius, turn)))
    heading = _heading(corners[0], corners[1])
    x = corners[0][0] + cuts[0] * math.cos(heading)
    y = corners[0][1] + cuts[0] * math.sin(heading)
    return Pose(x, y, heading), shapes


def _heading(a: tuple[float, float], b: tuple[float, float]) -> float:
    return math.atan2(b[1] - a[1], b[0] - a[0])


def _turn(corners: Sequence[tuple[float, float]], index: int) -> float:
    before = _heading(corners[index - 1], corners[index])
    after = _heading(corners[index], corners[(index + 1) % len(corners)])
    return (after - before + math.pi) % (2 * math.pi) - math.pi


def to_xml(name: str, roads: Sequence[Road], junctions: Sequence[Junction] = ()) -> str:
    """Returns the OpenDRIVE document of a map."""
    root = ElementTree.Element("OpenDRIVE")
    header = _add(root, "header", revMajor=1, revMinor=4, name=name, version="1.00")
    _add(header, "geoReference").text = GEO_REFERENCE
    for road in roads:
        _write_road(root, road)
    for junction in junctions:
        _write_junction(root, junction)
    ElementTree.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _add(parent: ElementTree.Element, tag: str, **attributes: object) -> ElementTree.Element:
    texts = {
        key: f"{value:.9f}" if isinstance(value, float) else str(value)
        for key, value in attributes.items()
    }
    return ElementTree.SubElement(parent, tag, texts)


def _write_road(root: ElementTree.Element, road: Road) -> None:
    node = _add(root, "road", name="", length=road.length, id=road.id, junction=road.junction)
    link = _add(node, "link")
    for tag, target in (("predecessor", road.predecessor), ("successor", road.successor)):
        if target is not None:
            contact = {"contactPoint": target.contact} if target.contact else {}
            _add(link, tag, elementType=target.element, elementId=target.id, **contact)
    _add(node, "type", s=0.0, type="town")
    _write_plan(_add(node, "planView"), road)
    profile = _add(node, "elevationProfile")
    _add(profile, "elevation", s=0.0, a=0.0, b=0.0, c=0.0, d=0.0)
    _write_lanes(_add(node, "lanes"), road)
    objects = _add(node, "objects")
    for number, item in enumerate(road.objects):
        _write_object(objects, number, item)


def _write_plan(node: ElementTree.Element, road: Road) -> None:
    pose, s = road.start, 0.0
    for shape in road.shapes:
        geometry = _add(
            node, "geometry", s=s, x=pose.x, y=pose.y, hdg=pose.heading, length=shape.length
        )
        if shape.curvature == 0.0:
            _add(geometry, "line")
        else:
            _add(geometry, "arc", curvature=shape.curvature)
        pose, s = shape.end(pose), s + shape.length


def _write_lanes(node: ElementTree.Element, road: Road) -> None:
    section = _add(node, "laneSection", s=0.0)
    if road.left:
        left = _add(section, "left")
        for number in range(len(road.left), 0, -1):
            _write_lane(left, number, road.left[number - 1], road)
    centre = _add(_add(section, "center"), "lane", id=0, type="none", level="false")
    _write_mark(centre, road.centre_mark)
    right = _add(section, "right")
    for number, lane in enumerate(road.right, 1):
        _write_lane(right, -number, lane, road)


def _write_lane(parent: ElementTree.Element, number: int, lane: Lane, road: Road) -> None:
    node = _add(parent, "lane", id=number, type=lane.kind, level="false")
    link = _add(node, "link")
    for tag, target in (("predecessor", road.predecessor), ("successor", road.successor)):
        if target is not None and target.element == "road":
            _add(link, tag, id=-number if target.flips else number)
    _add(node, "width", sOffset=0.0, a=lane.width, b=0.0, c=0.0, d=0.0)
    _write_mark(node, lane.mark)


def _write_mark(lane: ElementTree.Element, mark: str) -> None:
    change = "both" if mark == "broken" else "none"
    _add(
        lane, "roadMark", sOffset=0.0, type=mark, weight="standard", color="standard",
        material="standard", width=0.15, laneChange=change,
    )  # fmt: skip


def _write_object(parent: ElementTree.Element, number: int, item: Object) -> None:
    _add(
        parent, "object", id=number, name=item.kind, type=item.kind, s=item.s, t=item.t,
        zOffset=0.0, orientation="none", hdg=item.hdg, pitch=0.0, roll=0.0, length=item.length,
        width=item.width, height=item.height,
    )  # fmt: skip


def _write_junction(root: ElementTree.Element, junction: Junction) -> None:
    node = _add(root, "junction", id=junction.id, name=f"junction{junction.id}")
    for number, item in enumerate(junction.connections):
        connection = _add(
            node, "connection", id=number, incomingRoad=item.incoming,
            connectingRoad=item.connecting, contactPoint="start",
        )  # fmt: skip
        for source, target in item.lanes:
            _add(connection, "laneLink", **{"from": source, "to": target})
