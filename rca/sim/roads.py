"""Reads OpenDRIVE into what the server needs: lane strips, road marks and roadside objects.

Everything returned is in CARLA's plane: metres, x forward, y to the right (OpenDRIVE's y negated),
headings in radians, clockwise seen from above. The world is flat: elevation is not read.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree

import numpy as np

from rca.errors import UsageError
from rca.sim.geometry import Floats, ReferenceLine, number

STEP = 0.5
"""Distance between samples along a road, metres: a chord error below 3 mm at a radius of 10 m."""
MAX_ROAD_METRES = 500_000.0
"""Largest total road length accepted; CARLA's largest single town has about 40 km."""


@dataclass(frozen=True)
class Strip:
    """One lane of one lane section, sampled along the road."""

    road: int
    section: int
    lane: int
    kind: str
    in_junction: bool
    inner: Floats  # [n, 2] edge nearer to the reference line
    outer: Floats  # [n, 2]
    heading: Floats  # [n] of the reference line
    mark: str
    mark_colour: str
    links: tuple[int | None, int | None]  # lane ids before and after, as written

    @property
    def path(self) -> Floats:
        """Centre line in driving order, [n, 2]."""
        centre = (self.inner + self.outer) / 2
        return centre if self.lane < 0 else centre[::-1]

    @property
    def yaw(self) -> Floats:
        """Driving direction along `path`, [n] radians."""
        return self.heading if self.lane < 0 else self.heading[::-1] + math.pi

    @property
    def width(self) -> float:
        """Mean lane width in metres."""
        return float(np.linalg.norm(self.outer - self.inner, axis=1).mean())


@dataclass(frozen=True)
class RoadLink:
    """What follows a road at one of its ends."""

    is_junction: bool
    id: int
    at_start: bool


@dataclass(frozen=True)
class Box:
    """A fixed thing beside the road: its footprint's centre, half sizes, heading and kind."""

    kind: str
    x: float
    y: float
    yaw: float
    half_length: float
    half_width: float
    height: float


@dataclass
class Network:
    """A whole map."""

    strips: list[Strip] = field(default_factory=list)
    centre_marks: list[tuple[Floats, str, str]] = field(
        default_factory=list
    )  # points, type, colour
    boxes: list[Box] = field(default_factory=list)
    links: dict[int, tuple[RoadLink | None, RoadLink | None]] = field(default_factory=dict)
    sections: dict[int, int] = field(default_factory=dict)  # road id -> number of lane sections
    connections: dict[tuple[int, int], list[tuple[int, bool, dict[int, int]]]] = field(
        default_factory=dict
    )
    """(junction, incoming road) -> [(connecting road, enters at its start, lane -> lane)]"""

    def bounds(self) -> tuple[float, float, float, float]:
        """Returns x and y limits of all lanes: (x_min, y_min, x_max, y_max)."""
        points = np.concatenate([edge for s in self.strips for edge in (s.inner, s.outer)])
        low, high = points.min(axis=0), points.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def read_network(xodr: str, source: str) -> Network:
    """Reads an OpenDRIVE document.

    Raises:
        UsageError: The text is not OpenDRIVE, or is broken, empty or too large; names `source`.
    """
    try:
        root = ElementTree.fromstring(xodr)
        network = Network()
        total = sum(number(road, "length") for road in root.iter("road"))
        if not 0 < total <= MAX_ROAD_METRES:
            raise ValueError(f"roads are {total:.0f} m long in all")
        for road in root.iter("road"):
            _read_road(network, road)
        for junction in root.iter("junction"):
            _read_junction(network, junction)
        if not any(strip.kind == "driving" for strip in network.strips):
            raise ValueError("no driving lane")
    except (ElementTree.ParseError, KeyError, ValueError, IndexError) as error:
        raise UsageError(f"{source}: not a usable OpenDRIVE map ({error})") from None
    return network


def _read_road(network: Network, road: ElementTree.Element) -> None:
    identity, length = int(road.attrib["id"]), number(road, "length")
    in_junction = road.get("junction", "-1") != "-1"
    lanes = road.find("lanes")
    if lanes is None or length <= 0:
        return
    reference = ReferenceLine(road)
    offsets = lanes.findall("laneOffset")
    sections = sorted(lanes.findall("laneSection"), key=lambda node: number(node, "s"))
    starts = [number(node, "s") for node in sections] + [length]
    for index, section in enumerate(sections):
        count = max(2, math.ceil((starts[index + 1] - starts[index]) / STEP) + 1)
        s = np.linspace(starts[index], starts[index + 1], count)
        base = _polynomial(offsets, "s", s)
        reader = _Section(network, reference, identity, index, in_junction, s, base)
        reader.read(section, starts[index])
    network.sections[identity] = len(sections)
    network.links[identity] = _road_links(road)
    for item in road.iter("object"):
        box = _box(reference, item)
        if box is not None:
            network.boxes.append(box)


def _polynomial(nodes: list[ElementTree.Element], start: str, s: Floats) -> Floats:
    """Evaluates a piecewise cubic, each piece valid from its own start on; 0 where none is."""
    values = np.zeros_like(s)
    for node in sorted(nodes, key=lambda item: number(item, start)):
        begin = number(node, start)
        a, b, c, d = (number(node, key, 0.0) for key in "abcd")
        ds = s - begin
        values = np.where(ds >= -1e-9, a + b * ds + c * ds**2 + d * ds**3, values)
    return values


@dataclass
class _Section:
    """Reads one lane section: walks outwards from the centre, lane by lane."""

    network: Network
    reference: ReferenceLine
    road: int
    index: int
    in_junction: bool
    s: Floats
    base: Floats

    def read(self, node: ElementTree.Element, start: float) -> None:
        """Adds the section's strips and its centre mark to the network."""
        self.heading = -self.reference.at(self.s)[1]
        for lane in node.iterfind("center/lane"):
            mark, colour = _mark(lane)
            if mark != "none" and not self.in_junction:
                points = self.reference.offset(self.s, self.base)
                self.network.centre_marks.append((points, mark, colour))
        for side, sign in (("left", 1), ("right", -1)):
            lanes = node.findall(f"{side}/lane")
            edge = self.base
            for lane in sorted(lanes, key=lambda item: abs(int(item.attrib["id"]))):
                width = _polynomial(lane.findall("width"), "sOffset", self.s - start)
                outer = edge + sign * np.maximum(width, 0.0)
                self.network.strips.append(self._strip(lane, edge, outer))
                edge = outer

    def _strip(self, lane: ElementTree.Element, edge: Floats, outer: Floats) -> Strip:
        mark, colour = _mark(lane)
        return Strip(
            self.road, self.index, int(lane.attrib["id"]), lane.get("type", "none"),
            self.in_junction, self.reference.offset(self.s, edge),
            self.reference.offset(self.s, outer), self.heading,
            "none" if self.in_junction else mark, colour, _lane_links(lane),
        )  # fmt: skip


def _mark(lane: ElementTree.Element) -> tuple[str, str]:
    node = lane.find("roadMark")
    if node is None:
        return "none", "standard"
    return node.get("type", "none"), node.get("color", "standard")


def _lane_links(lane: ElementTree.Element) -> tuple[int | None, int | None]:
    ends = [lane.find(f"link/{tag}") for tag in ("predecessor", "successor")]
    before, after = (None if end is None else int(end.attrib["id"]) for end in ends)
    return before, after


def _road_links(road: ElementTree.Element) -> tuple[RoadLink | None, RoadLink | None]:
    def read(tag: str) -> RoadLink | None:
        node = road.find(f"link/{tag}")
        if node is None:
            return None
        is_junction = node.get("elementType") == "junction"
        return RoadLink(
            is_junction, int(node.attrib["elementId"]), node.get("contactPoint") == "start"
        )

    return read("predecessor"), read("successor")


def _read_junction(network: Network, junction: ElementTree.Element) -> None:
    for node in junction.iter("connection"):
        key = int(junction.attrib["id"]), int(node.attrib["incomingRoad"])
        lanes = {int(n.attrib["from"]): int(n.attrib["to"]) for n in node.iter("laneLink")}
        way = int(node.attrib["connectingRoad"]), node.get("contactPoint") == "start", lanes
        network.connections.setdefault(key, []).append(way)


SOLID_KINDS = {"building": 6.0, "barrier": 1.0, "tree": 5.0, "pole": 4.0, "obstacle": 1.0}
"""Object types that stand in the world, with the height used when the file gives none."""


def _box(reference: ReferenceLine, item: ElementTree.Element) -> Box | None:
    kind = item.get("type", "").lower()
    if kind not in SOLID_KINDS:
        return None
    s, t = np.array([number(item, "s")]), np.array([number(item, "t")])
    x, y = reference.offset(s, t)[0]
    heading = float(reference.at(s)[1][0]) + number(item, "hdg", 0.0)
    radius = number(item, "radius", 0.5) * 2
    length, width = number(item, "length", radius), number(item, "width", radius)
    height = number(item, "height", 0.0) or SOLID_KINDS[kind]
    return Box(kind, float(x), float(y), -heading, length / 2, width / 2, height)


def driving_strips(network: Network, *, junctions: bool = True) -> Iterator[Strip]:
    """Yields the driving lanes in document order."""
    for strip in network.strips:
        if strip.kind == "driving" and (junctions or not strip.in_junction):
            yield strip
