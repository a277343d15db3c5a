"""What stands on the ground, as flat faces: buildings, walls, trees, cars."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rca.sim.geometry import Floats
from rca.sim.roads import Box
from rca.sim.wire import Transform

BUILDING_TAG, WALL_TAG, POLE_TAG, TREE_TAG, OTHER_TAG = 3, 4, 6, 9, 20

_SUN = np.array([-0.45, 0.35, 0.82])
"""Direction to the light; only shading, the sky's brightness is the weather's."""
_FACADES = [
    (120, 150, 190), (150, 175, 200), (105, 120, 170), (170, 170, 165), (130, 165, 175),
]  # fmt: skip
_GLASS = (95, 75, 60)
_RUBBER = (38, 38, 38)
_SHADOW = (44, 46, 44)


@dataclass(frozen=True)
class Faces:
    """Flat faces, drawn far to near by the distance of the footprint they belong to.

    Attributes:
        corners: [n, 4, 3] metres, counter-clockwise from outside; triangles repeat a corner.
        normals: [n, 3] outward.
        colours: [n, 3] BGR with shading.
        tags: [n] semantic tags.
        owners: [n] row of `footprints`.
        footprints: [m, 6] x, y, cos, sin, half length, half width.
        thickness: [n] area over longest edge, metres.
        offsets: [n] distance of the face's plane from the origin along its normal, metres.
    """

    corners: Floats
    normals: Floats
    colours: Floats
    tags: NDArray[np.int64]
    owners: NDArray[np.int64]
    footprints: Floats
    thickness: Floats
    offsets: Floats

    def moved(self, place: Transform) -> "Faces":
        """Returns the faces of one thing, modelled at the origin, put at a level place."""
        yaw = math.radians(place[4])
        cos, sin = math.cos(yaw), math.sin(yaw)
        turn = np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
        footprint = self.footprints.copy()
        footprint[:, :4] = place[0], place[1], cos, sin
        normals = self.normals @ turn
        return Faces(
            self.corners @ turn + place[:3], normals, self.colours, self.tags,
            self.owners, footprint, self.thickness, self.offsets + normals @ place[:3],
        )  # fmt: skip


def joined(parts: Sequence[Faces]) -> Faces:
    """Returns all faces of several parts."""
    if len(parts) == 1:
        return parts[0]
    counts = np.cumsum([0] + [len(part.footprints) for part in parts[:-1]])
    return Faces(
        np.concatenate([part.corners for part in parts]),
        np.concatenate([part.normals for part in parts]),
        np.concatenate([part.colours for part in parts]),
        np.concatenate([part.tags for part in parts]),
        np.concatenate([p.owners + c for p, c in zip(parts, counts, strict=True)]),
        np.concatenate([part.footprints for part in parts]),
        np.concatenate([part.thickness for part in parts]),
        np.concatenate([part.offsets for part in parts]),
    )


Quad = list[tuple[float, float, float]]
Paint = tuple[float, float, float]


def _prism(
    half: tuple[float, float], low: float, high: float, top: float = 1.0, shift: float = 0.0
) -> list[Quad]:
    """Returns four sides and a lid; `top` scales the lid (0 = a pyramid), `shift` moves it in x."""
    x, y = half
    base = [(x + shift, y), (-x + shift, y), (-x + shift, -y), (x + shift, -y)]
    sides = [
        [
            (*base[k], low), (*base[(k + 1) % 4], low),
            (_lid(base[(k + 1) % 4][0], shift, top), base[(k + 1) % 4][1] * top, high),
            (_lid(base[k][0], shift, top), base[k][1] * top, high),
        ]
        for k in range(4)
    ]  # fmt: skip
    lid = [(_lid(px, shift, top), py * top, high) for px, py in base]
    return sides + ([lid] if top > 0 else [])


def _lid(x: float, shift: float, top: float) -> float:
    return (x - shift) * top + shift


def _solid(
    painted: Iterable[tuple[list[Quad], Paint]], half: tuple[float, float], tag: int
) -> Faces:
    quads, colours = [], []
    for group, paint in painted:
        quads += group
        colours += [paint] * len(group)
    corners = np.array(quads)
    # The diagonals' cross product also serves triangles with a repeated corner.
    normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    doubled = np.linalg.norm(normals, axis=1)
    normals /= np.maximum(doubled, 1e-9)[:, None]
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    shade = 0.66 + 0.34 * np.maximum(normals @ _SUN, 0.0)
    return Faces(
        corners, normals, np.array(colours) * shade[:, None], np.full(len(corners), tag),
        np.zeros(len(corners), np.int64), np.array([[0.0, 0.0, 1.0, 0.0, *half]]),
        doubled / 2 / np.maximum(longest, 1e-9),
        (normals * corners[:, 0]).sum(axis=1),
    )  # fmt: skip


def _shadow(half: tuple[float, float]) -> list[Quad]:
    x, y = half[0] * 1.04, half[1] * 1.12
    return [[(x, y, 0.01), (-x, y, 0.01), (-x, -y, 0.01), (x, -y, 0.01)]]


def car_faces(extent: tuple[float, float, float], colour: str) -> Faces:
    """Returns a car at the origin: shadow, wheels' band, body, cabin with a roof."""
    x, y, z = extent
    red, green, blue = _rgb(colour)
    body: Paint = (blue, green, red)
    half = x, y
    top = 2 * z
    return _solid(
        [
            (_shadow(half), _SHADOW),
            (_prism((x * 0.96, y * 0.97), 0.12, top * 0.3), _RUBBER),
            (_prism(half, top * 0.25, top * 0.6), body),
            (_prism((x * 0.58, y * 0.9), top * 0.6, top * 0.94, 0.82, -0.1 * x), _GLASS),
            (_prism((x * 0.47, y * 0.73), top * 0.94, top, 0.97, -0.1 * x), body),
        ],
        half,
        14,
    )


def _rgb(colour: str) -> tuple[float, float, float]:
    try:
        red, green, blue = (min(max(float(part), 0.0), 255.0) for part in colour.split(","))
    except ValueError:
        return 128.0, 128.0, 128.0
    return red, green, blue


def prop_faces(extent: tuple[float, float, float]) -> Faces:
    """Returns a prop at the origin: an orange box with its shadow."""
    half = extent[0], extent[1]
    box = _prism(half, 0.0, 2 * extent[2], 0.85)
    return _solid([(_shadow(half), _SHADOW), (box, (40, 110, 230))], half, OTHER_TAG)


def fixed_faces(boxes: Sequence[Box]) -> Faces | None:
    """Returns the faces of everything a map has beside its roads; None if it has nothing."""
    parts = []
    for number, box in enumerate(boxes):
        model = _model(box, number)
        place = box.x, box.y, 0.0, 0.0, math.degrees(box.yaw), 0.0
        parts.append(model.moved(place))
    return joined(parts) if parts else None


def _model(box: Box, number: int) -> Faces:
    half = box.half_length, box.half_width
    if box.kind == "tree":
        return _tree(box, number)
    if box.kind == "building":
        return _building(box, _FACADES[number % len(_FACADES)])
    if box.kind == "barrier":
        wall = _prism(half, 0.0, box.height * 0.8)
        rail = _prism((half[0], half[1] * 1.2), box.height * 0.8, box.height)
        return _solid([(wall, (165, 165, 168)), (rail, (60, 60, 190))], half, WALL_TAG)
    return _solid([(_prism(half, 0.0, box.height), (140, 140, 140))], half, POLE_TAG)


def _building(box: Box, facade: Paint) -> Faces:
    """Returns walls, a row of windows per storey standing out by a hand, and a dark roof."""
    x, y = box.half_length, box.half_width
    parts: list[tuple[list[Quad], Paint]] = [(_prism((x, y), 0.0, box.height), facade)]
    storeys = max(1, int(box.height // 3))
    for storey in range(storeys):
        low = storey * 3.0 + 1.0
        parts.append((_prism((x + 0.05, y + 0.05), low, low + 1.2)[:4], (110, 90, 75)))
    parts.append((_prism((x + 0.3, y + 0.3), box.height, box.height + 0.4), (80, 85, 105)))
    return _solid(parts, (x, y), BUILDING_TAG)


def _tree(box: Box, number: int) -> Faces:
    """Returns a conifer: a trunk and two tapering tiers."""
    wide, high = 1.3 + 0.5 * (number % 3), box.height
    green: Paint = (52 + 6 * (number % 4), 92 + 8 * (number % 3), 48)
    parts: list[tuple[list[Quad], Paint]] = [
        (_shadow((wide * 0.7, wide * 0.7)), _SHADOW),
        (_prism((0.18, 0.18), 0.0, high * 0.25), (50, 70, 95)),
        (_prism((wide, wide), high * 0.2, high * 0.72, 0.25), green),
        (_prism((wide * 0.72, wide * 0.72), high * 0.5, high, 0.0), green),
    ]
    return _solid(parts, (box.half_length, box.half_width), TREE_TAG)
