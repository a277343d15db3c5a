"""Draws flat faces into a picture, far ones first (the painter's algorithm)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rca.sim.geometry import Floats
from rca.sim.ground import Pixels
from rca.sim.solids import Faces, joined
from rca.sim.wire import Transform

NEAR = 0.1
"""Nearest drawn distance, metres."""
FAR = 300.0
"""Farthest drawn thing, metres."""
SMALLEST = 0.4
"""Faces thinner than this many pixels are left out."""
_MARGIN = 25.0
"""Metres a thing may reach out of its footprint's circle upwards: a tall building, seen pitched."""
_SHIFT = 4  # cv2's fixed-point bits for vertices


@dataclass(frozen=True)
class Lens:
    """How camera coordinates become pixels."""

    width: int
    height: int
    focal: float
    centre: tuple[float, float]

    def project(self, local: Floats) -> Floats:
        """Returns pixels of points [..., 3] (forward, right, up) before the camera, [..., 2]."""
        scaled = local[..., 1:] * (self.focal / local[..., :1])
        scaled[..., 1] *= -1.0
        scaled += self.centre
        return scaled


@dataclass(frozen=True)
class Drawing:
    """Faces ready to be filled, far ones first.

    Attributes:
        polygons: Their corners in cv2's fixed-point pixels.
        colours: [k, 3] BGR, unlit.
        tags: [k] semantic tags.
        distance: [k] from the camera to the middle of each face, metres.
    """

    polygons: list[NDArray[np.int32]]
    colours: Floats
    tags: NDArray[np.int64]
    distance: Floats

    def fill(self, picture: Pixels, colours: list[list[float]]) -> None:
        """Fills the faces with the colours given."""
        for polygon, colour in zip(self.polygons, colours, strict=True):
            cv2.fillConvexPoly(picture, polygon, colour, shift=_SHIFT)


@dataclass(frozen=True)
class _Seen:
    """The faces of one part of the scene that turn their front to the camera."""

    local: Floats  # [k, 4, 3] corners: forward, right, up
    depth: Floats  # [k] distance of the footprint they belong to, metres
    colours: Floats
    tags: NDArray[np.int64]


def draw(
    fixed: Faces | None,
    movers: Sequence[tuple[Faces, Transform]],
    lens: Lens,
    eye: Floats,
    turn: Floats,
) -> Drawing:
    """Returns what a camera at `eye` with axes `turn` (columns) sees of the faces."""
    moved = [model.moved(place) for model, place in movers if _near(place, eye, turn)]
    parts = [] if fixed is None else [_seen(fixed, lens, eye, turn)]
    if moved:
        parts.append(_seen(joined(moved), lens, eye, turn))
    if not parts:
        return Drawing([], np.empty((0, 3)), np.empty(0, np.int64), np.empty(0))
    local = np.concatenate([part.local for part in parts])
    depth = np.concatenate([part.depth for part in parts])
    forward = local[..., 0]
    crossing: NDArray[np.bool_] = np.less(forward.min(axis=1, initial=np.inf), NEAR)
    ahead = local.copy()
    np.maximum(forward, NEAR, out=ahead[..., 0])
    pixels = lens.project(ahead)
    index = np.argsort(-depth, kind="stable")
    polygons = list(_fixed_point(pixels[index]))
    for number in np.flatnonzero(crossing[index]):
        polygons[number] = _fixed_point(lens.project(_clipped(local[index[number]])))
    middle = local[index].mean(axis=1)
    return Drawing(
        polygons,
        np.concatenate([part.colours for part in parts])[index],
        np.concatenate([part.tags for part in parts])[index],
        np.sqrt((middle * middle).sum(axis=1)),
    )


def _near(place: Transform, eye: Floats, turn: Floats) -> bool:
    dx, dy = place[0] - eye[0], place[1] - eye[1]
    forward = dx * turn[0, 0] + dy * turn[1, 0]
    return bool(forward > -_MARGIN and abs(dx) + abs(dy) < FAR)


def _seen(faces: Faces, lens: Lens, eye: Floats, turn: Floats) -> _Seen:
    depth, before = _footprints(faces.footprints, lens, eye, turn)
    own = depth[faces.owners]
    wide = faces.thickness * (lens.focal / SMALLEST) > own
    numbers = np.flatnonzero(before[faces.owners] & wide)
    offset = faces.corners[numbers] - eye
    shows = (offset[:, 0] * faces.normals[numbers]).sum(axis=1) < 0.0
    local = offset[shows] @ turn
    inside = _in_view(local, lens)
    numbers = numbers[shows][inside]
    return _Seen(local[inside], own[numbers], faces.colours[numbers], faces.tags[numbers])


def _in_view(local: Floats, lens: Lens) -> NDArray[np.bool_]:
    """Returns which faces are not wholly beyond one of the view's five planes."""
    wide, high = lens.width / 2 / lens.focal, lens.height / 2 / lens.focal
    forward = local[..., 0]
    margins = np.abs(local[..., 1:]) - forward[..., None] * (wide, high)
    # Beyond a side with one corner and beyond the other with another is still in view.
    sides = np.sign(local[..., 1:]) * (margins > 0.0)
    outside = np.abs(sides.sum(axis=1)) == local.shape[1]
    behind = forward.max(axis=1, initial=-np.inf) <= NEAR
    inside: NDArray[np.bool_] = ~(outside.any(axis=1) | behind)
    return inside


def _footprints(
    prints: Floats, lens: Lens, eye: Floats, turn: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Returns for each footprint its distance and whether it may be in the picture."""
    dx, dy = prints[:, 0] - eye[0], prints[:, 1] - eye[1]
    along = np.abs(dx * prints[:, 2] + dy * prints[:, 3]) - prints[:, 4]
    aside = np.abs(dy * prints[:, 2] - dx * prints[:, 3]) - prints[:, 5]
    distance = np.hypot(np.maximum(along, 0.0), np.maximum(aside, 0.0))
    # A circle against the two sides of the view; wider where the camera is pitched or rolled,
    # because things high or low then come in from outside the plan.
    radius = prints[:, 4] + prints[:, 5] + 2.0 + _MARGIN * (abs(turn[2, 0]) + abs(turn[2, 1]))
    forward = dx * turn[0, 0] + dy * turn[1, 0]
    right = np.abs(dx * turn[0, 1] + dy * turn[1, 1])
    slope = lens.width / 2 / lens.focal
    inside = right - slope * forward < radius * math.hypot(1.0, slope)
    return distance, inside & (distance < FAR) & (forward > -radius)


def _fixed_point(pixels: Floats) -> NDArray[np.int32]:
    limited = np.clip(pixels, -30000.0, 30000.0) * (1 << _SHIFT)
    return np.rint(limited).astype(np.int32)


def _clipped(local: Floats) -> Floats:
    """Cuts a polygon at the near plane."""
    kept = []
    for k in range(len(local)):
        a, b = local[k - 1], local[k]
        if (a[0] >= NEAR) != (b[0] >= NEAR):
            kept.append(a + (NEAR - a[0]) / (b[0] - a[0]) * (b - a))
        if b[0] >= NEAR:
            kept.append(b)
    return np.array(kept)
