"""The built-in maps, written as OpenDRIVE: oval, town, country."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from rca.sim.opendrive import (
    Connection,
    Junction,
    Lane,
    Link,
    Object,
    Pose,
    Road,
    Shape,
    closed_polygon,
    to_xml,
)

_CURVE_GAP = 6.0
"""Metres kept free of roadside things before and after a curve."""


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
    """Returns wall pieces along a road's curves at the lateral place `t`, metres, left positive."""
    pieces, s = [], 0.0
    for shape in road.shapes:
        count = max(1, math.ceil(shape.length / step))
        length = shape.length / count * (1 - shape.curvature * t) + 0.1
        if shape.curvature:
            places = [s + (k + 0.5) * shape.length / count for k in range(count)]
            pieces += [Object("barrier", place, t, length, 0.4, 1.0) for place in places]
        s += shape.length
    return pieces


def _row(
    kind: str,
    road: Road,
    t: float,
    step: float,
    size: tuple[float, float, float],
    *,
    in_gaps: bool = False,
) -> list[Object]:
    """Returns a row of things along a road's straights; their heights vary a little.

    `in_gaps` puts them between the things of an equal row. Before a wall they would be drawn
    wrongly: far and near are told apart by the nearest point of a footprint.
    """
    things, s = [], 0.0
    length, width, height = size
    for shape in road.shapes:
        room = shape.length - 2 * _CURVE_GAP
        count = 0 if shape.curvature else int(room // step)
        for k in range(count - in_gaps):
            place = s + _CURVE_GAP + (k + (1.0 if in_gaps else 0.5)) * room / count
            tall = height * (1 + (k * 7 % 5) / 8)
            things.append(Object(kind, place, t, length, width, tall))
        s += shape.length
    return things


def _curved_row(kind: str, road: Road, t: float, step: float) -> list[Object]:
    """Returns trees along a whole road, curves too."""
    count = int(road.length // step)
    places = [(k + 0.5) * road.length / count for k in range(count)]
    heights = [5.0 * (1 + (k * 5 % 7) / 9) for k in range(count)]
    return [Object(kind, s, t, 0.5, 0.5, high) for s, high in zip(places, heights, strict=True)]


@cache
def oval() -> str:
    """Returns a loop of about 540 m: two straights, two half circles, one lane each way."""
    corners = [(-110.0, -42.0), (110.0, -42.0), (110.0, 42.0), (-110.0, 42.0)]
    start, shapes = closed_polygon(corners, [42.0] * 4)
    half_circles = [shapes[0], _joined(shapes[1:3]), shapes[3], _joined(shapes[4:6])]
    roads = _ring(start, half_circles, _rural_side(3.5), "broken")
    for road in roads:
        road.objects += _barriers(road, -7.5)
        road.objects += _row("building", road, -19.0, 30.0, (18.0, 10.0, 7.0))
        road.objects += _row("tree", road, 12.0, 22.0, (0.5, 0.5, 5.0))
        if road.shapes[0].curvature:
            road.objects += _curved_row("tree", road, -14.0, 17.0)
    return to_xml("oval", roads)


def _joined(arcs: Sequence[Shape]) -> Shape:
    return Shape(sum(arc.length for arc in arcs), arcs[0].curvature)


_WINDING = [
    # corner x, y (m) and arc radius (m)
    (-180, -110, 45), (-90, -140, 40), (-20, -85, 35), (60, -130, 40), (150, -120, 40),
    (205, -50, 35), (150, 10, 30), (190, 85, 35), (120, 145, 40), (40, 95, 35), (-30, 150, 35),
    (-115, 120, 40), (-130, 45, 30), (-215, 15, 40),
]  # fmt: skip


@cache
def country() -> str:
    """Returns a winding loop of about 1.2 km: radii of 30 to 45 m, one narrow lane each way."""
    corners = [(float(x), float(y)) for x, y, _ in _WINDING]
    start, shapes = closed_polygon(corners, [float(radius) for _, _, radius in _WINDING])
    roads = _ring(start, shapes, _rural_side(3.25), "broken")
    for number, road in enumerate(roads):
        road.objects += _curved_row("tree", road, -9.5 - number % 3, 13.0)
        if number % 5 == 0:
            road.objects += _row("building", road, 22.0, 26.0, (12.0, 9.0, 5.0))
        else:
            road.objects += _curved_row("tree", road, 10.5 + number % 4, 19.0)
        if number % 4 == 3:
            road.objects += _barriers(road, math.copysign(6.5, -road.shapes[0].curvature))
    return to_xml("country", roads)


_REACH = 18.0
"""Metres from a junction's middle to where its roads begin; also the radius of the turns."""
_BLOCK = 130.0, 90.0
"""Half length and half width of the town's block, metres."""


@dataclass(frozen=True)
class _Arm:
    """A road where it meets a junction: which end of it, and the pose heading into the junction."""

    road: Road
    at_end: bool

    @property
    def pose(self) -> Pose:
        end = self.road.end if self.at_end else self.road.start
        return end if self.at_end else Pose(end.x, end.y, end.heading + math.pi)

    @property
    def contact(self) -> str:
        return "end" if self.at_end else "start"


@cache
def town() -> str:
    """Returns a block of 260 m by 180 m cut by a street: two T-junctions, two lanes each way."""
    y = _BLOCK[1]
    west = _loop_half(0, Pose(-_REACH, y, math.pi))
    east = _loop_half(1, Pose(_REACH, -y, 0.0))
    street = _street(2, Pose(0.0, y - _REACH, -math.pi / 2), [Shape(2 * (y - _REACH))])
    roads = [west, east, street]
    north = [_Arm(west, False), _Arm(east, True), _Arm(street, False)]
    south = [_Arm(west, True), _Arm(east, False), _Arm(street, True)]
    junctions = [_joined_at(100, north, roads), _joined_at(200, south, roads)]
    for road in (west, east):
        road.objects += _row("building", road, 20.0, 24.0, (17.0, 12.0, 9.0))
        road.objects += _row("building", road, -20.0, 30.0, (22.0, 12.0, 10.0))
        road.objects += _row("tree", road, 16.0, 24.0, (0.4, 0.4, 5.0), in_gaps=True)
        road.objects += _row("tree", road, -16.0, 30.0, (0.4, 0.4, 5.0), in_gaps=True)
        road.objects += _barriers(road, -12.0)
    for side in (1.0, -1.0):
        street.objects += _row("building", street, side * 20.0, 24.0, (18.0, 12.0, 9.0))
        street.objects += _row("tree", street, side * 16.0, 24.0, (0.4, 0.4, 5.0), in_gaps=True)
    return to_xml("town", roads, junctions)


def _street(number: int, start: Pose, shapes: Sequence[Shape]) -> Road:
    side = [Lane("driving", 3.5, "broken"), Lane("driving", 3.5, "solid"), Lane("sidewalk", 2.5)]
    return Road(number, start, shapes, right=side, left=side, centre_mark="solid solid")


def _loop_half(number: int, start: Pose) -> Road:
    """Returns half of the block's ring, counter-clockwise from junction to junction."""
    (x, y), radius = _BLOCK, 25.0
    arm = Shape(x - _REACH - radius)
    corner = Shape(radius * math.pi / 2, 1 / radius)
    return _street(number, start, [arm, corner, Shape(2 * (y - radius)), corner, arm])


def _joined_at(number: int, arms: Sequence[_Arm], roads: list[Road]) -> Junction:
    """Joins roads: adds to `roads` a way from every arm to every other one."""
    junction = Junction(number)
    for arm in arms:
        if arm.at_end:
            arm.road.successor = Link("junction", number)
        else:
            arm.road.predecessor = Link("junction", number)
        for other in arms:
            if other is not arm:
                way = _way(number + len(junction.connections) + 1, number, arm, other)
                roads.append(way)
                entering = -1 if arm.at_end else 1
                lanes = [(entering * lane, -lane) for lane in (1, 2)]
                junction.connections.append(Connection(arm.road.id, way.id, lanes))
    return junction


def _way(number: int, junction: int, arm: _Arm, other: _Arm) -> Road:
    start, turn = arm.pose, math.sin(other.pose.heading + math.pi - arm.pose.heading)
    straight = Shape(2 * _REACH)
    arc = Shape(_REACH * math.pi / 2, math.copysign(1 / _REACH, turn))
    lanes = [Lane("driving", 3.5), Lane("driving", 3.5)]
    return Road(
        number, start, [straight if abs(turn) < 0.5 else arc], right=lanes, junction=junction,
        predecessor=Link("road", arm.road.id, arm.contact, flips=not arm.at_end),
        successor=Link("road", other.road.id, other.contact, flips=other.at_end),
    )  # fmt: skip


BUILT_IN: dict[str, Callable[[], str]] = {"oval": oval, "town": town, "country": country}
"""Name to OpenDRIVE text."""
