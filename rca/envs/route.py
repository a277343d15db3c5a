"""Where the car shall go: a route over the map's lane graph, and where the car is on it.

All in CARLA's plane: metres, x forward, y right, headings in radians, clockwise from above.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from rca.errors import UsageError

if TYPE_CHECKING:
    import carla

Floats = NDArray[np.float64]
Lane = tuple[int, int, int]
"""Road, lane section and lane id of OpenDRIVE."""

SPACING = 1.0
"""Metres between points of a route: chords of a 10 m bend are then off by 1 cm at most."""
SHORTEST_STEP = 0.05
"""Route points closer than this are one point, metres."""
START_DRAWS = 100
"""Starts tried before a map is said to have no route of the wanted length."""
BEHIND, AHEAD = 10, 30
"""Route points searched around the last known one; at 0.1 s a step no car moves 10 m."""


@dataclass(frozen=True)
class Route:
    """A driving line, about one point a metre.

    Attributes:
        points: x, y, z of the lane centre. [n, 3]
        along: Distance driven from the start. [n]
        headings: Of the line that begins at each point; the last repeats. [n]
    """

    points: Floats
    along: Floats
    headings: Floats

    @property
    def length(self) -> float:
        """Metres from start to goal."""
        return float(self.along[-1])

    @classmethod
    def through(cls, points: Floats) -> "Route":
        """Returns the route along points [n, 3], those that nearly coincide left out."""
        steps = np.linalg.norm(np.diff(points[:, :2], axis=0), axis=1)
        points = points[np.concatenate([[True], steps >= SHORTEST_STEP])]
        delta = np.diff(points[:, :2], axis=0)
        along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(delta, axis=1))])
        headings = np.arctan2(delta[:, 1], delta[:, 0])
        return cls(points, along, np.append(headings, headings[-1]))

    @cached_property
    def pieces(self) -> tuple[Floats, Floats, Floats]:
        """Between points: where each begins [n - 1, 2], its way [n - 1, 2] and length squared."""
        begins, ways = self.points[:-1, :2], np.diff(self.points[:, :2], axis=0)
        return begins, ways, np.einsum("ij,ij->i", ways, ways)

    def cut(self, start: float, end: float) -> "Route":
        """Returns the part between two distances along this route."""
        inside = (self.along > start + SHORTEST_STEP) & (self.along < end - SHORTEST_STEP)
        ends = self.at(np.array([start, end]))
        return Route.through(np.concatenate([ends[:1], self.points[inside], ends[1:]]))

    def at(self, along: Floats) -> Floats:
        """Returns the points [n, 3] at distances [n]; past an end, the end."""
        columns = [np.interp(along, self.along, column) for column in self.points.T]
        return np.stack(columns, axis=1)


@dataclass(frozen=True)
class Place:
    """Where a car is on its route.

    Attributes:
        index: Of the route point at the beginning of the nearest piece.
        along: Distance along the route, metres, 0 to the route's length.
        lateral: Distance from the route, metres, positive to the right.
        heading_error: Car's heading minus the route's, radians in [-pi, pi], positive to the right.
    """

    index: int
    along: float
    lateral: float
    heading_error: float


def locate(route: Route, x: float, y: float, heading: float, near: int = 0) -> Place:
    """Returns the nearest place on a route, searched around a known index.

    A route may cross or repeat itself: only 10 points behind `near` to 30 ahead are searched.
    """
    low = max(0, near - BEHIND)
    begin, delta, squared = (part[low : near + AHEAD] for part in route.pieces)
    offset = np.array([x, y]) - begin
    share = np.einsum("ij,ij->i", offset, delta) / squared
    share = np.minimum(np.maximum(share, 0.0), 1.0)  # np.clip takes three times as long
    gap = offset - share[:, None] * delta
    best = int(np.argmin(np.einsum("ij,ij->i", gap, gap)))
    index = low + best
    side = delta[best, 0] * offset[best, 1] - delta[best, 1] * offset[best, 0]
    return Place(
        index=index,
        along=float(route.along[index] + share[best] * math.sqrt(squared[best])),
        lateral=math.copysign(math.hypot(*gap[best]), side),
        heading_error=wrapped(heading - float(route.headings[index])),
    )


def wrapped(angle: float) -> float:
    """Returns an angle in radians as one in [-pi, pi]."""
    return math.remainder(angle, 2 * math.pi)


def ahead(route: Route, along: float, num: int, spacing: float) -> Floats:
    """Returns the next points [num, 2] from a distance on; past the goal they stay at the goal."""
    return route.at(along + spacing * np.arange(1.0, num + 1.0))[:, :2]


def in_car_frame(points: Floats, x: float, y: float, heading: float) -> Floats:
    """Returns points [n, 2] as seen from a car: metres ahead, metres to the right, [n, 2]."""
    cos, sin = math.cos(heading), math.sin(heading)
    offset = points - (x, y)
    return np.stack([offset @ (cos, sin), offset @ (-sin, cos)], axis=1)


class LaneGraph:
    """The driving lanes of a map and which follows which.

    Attributes:
        name: Of the map.
        graph: An edge for each pair of lanes that follow each other; `length` in metres.
        lines: Centre line of each lane.
        starts: Lanes outside junctions, where routes may begin, in sorted order.
    """

    def __init__(self, world_map: "carla.Map") -> None:
        """Reads the lanes.

        Raises:
            UsageError: There are none.
        """
        self.name: str = world_map.name
        self.graph: nx.DiGraph[Lane] = nx.DiGraph()
        self.lines: dict[Lane, Route] = {}
        self.starts: list[Lane] = []
        pairs = sorted(world_map.get_topology(), key=_topology_order)
        follow_up = {lane_of(entry): successor for entry, successor in pairs}
        entries = {lane_of(entry): entry for entry, _ in pairs}
        for waypoint in world_map.generate_waypoints(SPACING):  # dead ends are in no pair
            lane = lane_of(waypoint)
            if lane not in follow_up and _precedes(waypoint, entries.get(lane)):
                entries[lane] = waypoint
        for lane, entry in sorted(entries.items(), key=lambda item: item[0]):
            self._add(lane, entry, follow_up.get(lane))
        followers = ((lane_of(entry), lane_of(successor)) for entry, successor in pairs)
        for lane, following in followers:
            if lane in self.lines and following in self.lines:
                self.graph.add_edge(lane, following, length=self.lines[lane].length)
        if not self.starts:
            raise UsageError(f"env.map: map {self.name} has no usable lane; choose another")

    def _add(self, lane: Lane, entry: "carla.Waypoint", successor: "carla.Waypoint | None") -> None:
        points = _centre_line(entry, successor)
        # carla.Map answers NaN on spirals whose two end curvatures agree.
        if len(points) < 2 or not np.isfinite(points).all():
            return
        self.lines[lane] = Route.through(points)
        self.graph.add_node(lane)
        if not entry.is_junction:
            self.starts.append(lane)

    def draw_route(self, length: float, rng: np.random.Generator) -> Route:
        """Returns a route of a given length from a start drawn evenly over the lanes.

        Raises:
            UsageError: No route of that length was found.
        """
        for _ in range(START_DRAWS):
            weights = np.array([self.lines[lane].length for lane in self.starts])
            start = self.starts[int(rng.choice(len(weights), p=weights / weights.sum()))]
            begin = float(rng.uniform(0.0, self.lines[start].length))
            lanes = self._draw_lanes(start, begin + length, rng)
            if lanes is not None:
                line = np.concatenate([self.lines[lane].points for lane in lanes])
                return Route.through(line).cut(begin, begin + length)
        raise UsageError(
            f"env.route_length: map {self.name} has no route of {length:.0f} m; make it shorter"
        )

    def _draw_lanes(
        self, start: Lane, length: float, rng: np.random.Generator
    ) -> list[Lane] | None:
        """Returns lanes joined by shortest ways until `length` is reached; None at a dead end."""
        lanes = [start]
        while True:
            here = lanes[-1]
            reach = nx.single_source_dijkstra_path_length(self.graph, here, weight="length")
            ends = [v for v, gone in reach.items() if gone <= length < gone + self.lines[v].length]
            if ends:
                return lanes + self._way(here, _drawn(ends, rng))[1:]
            farthest = max(reach, key=lambda v: (reach[v] + self.lines[v].length, v))
            following = list(self.graph.successors(farthest))
            if not following:
                return None
            lanes += [*self._way(here, farthest)[1:], _drawn(following, rng)]
            length -= reach[farthest] + self.lines[farthest].length

    def _way(self, start: Lane, end: Lane) -> list[Lane]:
        return nx.dijkstra_path(self.graph, start, end, weight="length")


def _drawn(lanes: list[Lane], rng: np.random.Generator) -> Lane:
    return sorted(lanes)[int(rng.integers(len(lanes)))]


def lane_of(waypoint: "carla.Waypoint") -> Lane:
    """Returns the lane that a waypoint lies on."""
    return waypoint.road_id, waypoint.section_id, waypoint.lane_id


def _topology_order(pair: "tuple[carla.Waypoint, carla.Waypoint]") -> tuple[Lane, Lane]:
    return lane_of(pair[0]), lane_of(pair[1])


def _precedes(one: "carla.Waypoint", other: "carla.Waypoint | None") -> bool:
    """Says whether a waypoint comes earlier on its lane; any comes before none."""
    return other is None or (other.s - one.s) * _direction(one) > 0


def _direction(waypoint: "carla.Waypoint") -> float:
    """Returns 1 on lanes driven along their road's s, -1 on those (positive ids) against it."""
    return -math.copysign(1.0, waypoint.lane_id)


def _centre_line(entry: "carla.Waypoint", successor: "carla.Waypoint | None") -> Floats:
    """Returns points [n, 3] from a lane's begin to that of the next, or to its dead end."""
    waypoints, current = [entry], entry
    while following := current.next(SPACING):
        current = following[0]
        forward = (current.s - waypoints[-1].s) * _direction(entry) > 0  # a ring comes round again
        if lane_of(current) != lane_of(entry) or not forward:
            break
        waypoints.append(current)
    if successor is not None:
        waypoints.append(successor)
    return np.array([_location(waypoint) for waypoint in waypoints])


def _location(waypoint: "carla.Waypoint") -> tuple[float, float, float]:
    location = waypoint.transform.location
    return location.x, location.y, location.z
