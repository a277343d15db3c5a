"""Draws flat faces into a picture, far ones first (the painter's algorithm)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from rca.sim.geometry import Floats
from rca.sim.ground import Pixels
from rca.sim.solids import Faces, joined
from rca.sim.wire import Transform

NEAR = 0.1
"""Nearest drawn distance, metres."""
FAR = 250.0
"""Farthest drawn thing, metres."""
SMALLEST = 0.7
"""Faces thinner than this many pixels are left out."""
_MARGIN = 25.0
"""Metres a thing may reach out of its footprint's circle upwards: a tall building, seen pitched."""
_BOUNDS = np.array([0.0, 0.0, 0.0, 0.0, NEAR])
_SHIFT = 4  # cv2's fixed-point bits for vertices
_LIMIT = 30_000.0 * (1 << _SHIFT)  # keeps corners far outside the picture within 32 bits


@dataclass(frozen=True)
class Lens:
    """How camera coordinates become pixels.

    Attributes:
        width: Picture width, pixels.
        height: Picture height, pixels.
        focal: Focal length, pixels.
        planes: [3, 5] inward normals of the view's left, right, lower, upper and near plane.
        scale: [2] cv2's fixed-point pixels per unit of right and up over forward.
        middle: [2] fixed-point pixel of the picture's middle.
    """

    width: int
    height: int
    focal: float
    planes: Floats = field(init=False)
    scale: Floats = field(init=False)
    middle: Floats = field(init=False)

    def __post_init__(self) -> None:
        wide, high = self.slope, self.height / 2 / self.focal
        planes = [[wide, wide, high, high, 1.0], [1, -1, 0, 0, 0], [0, 0, 1, -1, 0]]
        unit = self.focal * (1 << _SHIFT)
        object.__setattr__(self, "planes", np.array(planes))
        object.__setattr__(self, "scale", np.array([unit, -unit]))
        object.__setattr__(self, "middle", np.array(self.centre) * (1 << _SHIFT))

    @property
    def centre(self) -> tuple[float, float]:
        """The picture's middle in pixels, whose centres have whole numbers."""
        return (self.width - 1) / 2, (self.height - 1) / 2

    @property
    def slope(self) -> float:
        """Tangent of half the horizontal angle of view."""
        return self.width / 2 / self.focal

    def project(self, local: Floats) -> NDArray[np.int32]:
        """Returns cv2's fixed-point pixels of points [..., 3] (forward, right, up), [..., 2].

        Points behind the near plane are taken as on it.
        """
        pixels = local[..., 1:] * (self.scale / np.maximum(local[..., :1], NEAR))
        pixels += self.middle
        np.maximum(pixels, -_LIMIT, out=pixels)
        np.minimum(pixels, _LIMIT, out=pixels)
        return np.rint(pixels, out=pixels).astype(np.int32)


@dataclass(frozen=True)
class Drawing:
    """Faces ready to be filled, far ones first.

    Attributes:
        polygons: Their corners in cv2's fixed-point pixels.
        colours: [k, 3] BGR, unlit.
        tags: [k] semantic tags.
        distance: [k] from the camera to the footprint that each belongs to, metres.
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
    moved = [faces for faces in moved if _is_in_view(faces, lens, eye, turn)]
    parts = [] if fixed is None else [_seen(fixed, lens, eye, turn)]
    if moved:
        parts.append(_seen(joined(moved), lens, eye, turn))
    if not parts:
        return Drawing([], np.empty((0, 3)), np.empty(0, np.int64), np.empty(0))
    seen = parts[0] if len(parts) == 1 else _together(parts)
    local, depth = seen.local, seen.depth
    order = np.argsort(-depth, kind="stable")
    local, depth = local[order], depth[order]
    nearest = local[..., 0].min(axis=1, initial=np.inf)
    polygons = list(lens.project(local))
    for number in np.flatnonzero(nearest < NEAR):
        polygons[number] = lens.project(_clipped(local[number]))
    return Drawing(
        polygons,
        seen.colours[order],
        seen.tags[order],
        depth,
    )


def _together(parts: Sequence[_Seen]) -> _Seen:
    return _Seen(
        np.concatenate([part.local for part in parts]),
        np.concatenate([part.depth for part in parts]),
        np.concatenate([part.colours for part in parts]),
        np.concatenate([part.tags for part in parts]),
    )


def _is_in_view(faces: Faces, lens: Lens, eye: Floats, turn: Floats) -> bool:
    """Whether not all corners of a thing are beyond one of the view's planes."""
    across = (faces.corners.reshape(-1, 3) - eye) @ (turn @ lens.planes)
    return bool((across.max(axis=0) > _BOUNDS).all())


def _near(place: Transform, eye: Floats, turn: Floats) -> bool:
    dx, dy = place[0] - eye[0], place[1] - eye[1]
    forward = dx * turn[0, 0] + dy * turn[1, 0]
    return bool(forward > -_MARGIN and abs(dx) + abs(dy) < FAR)


def _seen(faces: Faces, lens: Lens, eye: Floats, turn: Floats) -> _Seen:
    depth = _depth(faces.footprints, lens, eye, turn)[faces.owners]
    facing = faces.normals @ eye > faces.offsets
    numbers = np.flatnonzero(facing & (faces.thickness * (lens.focal / SMALLEST) > depth))
    # One product over all corners: numpy multiplies a stack of small matrices one by one.
    local = (faces.corners[numbers].reshape(-1, 3) - eye) @ turn
    # A face is in view unless all its corners are beyond one of the view's planes.
    across = (local @ lens.planes).reshape(-1, 4, 5)
    inside = np.flatnonzero((across.max(axis=1) > _BOUNDS).all(axis=1))
    numbers = numbers[inside]
    return _Seen(
        local.reshape(-1, 4, 3)[inside], depth[numbers], faces.colours[numbers], faces.tags[numbers]
    )


def _depth(prints: Floats, lens: Lens, eye: Floats, turn: Floats) -> Floats:
    """Returns the distance to each footprint, metres; infinite if far or surely out of view."""
    dx, dy = prints[:, 0] - eye[0], prints[:, 1] - eye[1]
    along = np.abs(dx * prints[:, 2] + dy * prints[:, 3]) - prints[:, 4]
    aside = np.abs(dy * prints[:, 2] - dx * prints[:, 3]) - prints[:, 5]
    distance = np.hypot(np.maximum(along, 0.0), np.maximum(aside, 0.0))
    # A circle against the sides of the view; wider where the camera is pitched or rolled, because
    # things high or low then come in from outside the plan.
    radius = prints[:, 4] + prints[:, 5] + 2.0 + _MARGIN * (abs(turn[2, 0]) + abs(turn[2, 1]))
    forward = dx * turn[0, 0] + dy * turn[1, 0]
    right = np.abs(dx * turn[0, 1] + dy * turn[1, 1])
    outside = right - lens.slope * forward > radius * math.hypot(1.0, lens.slope)
    hidden = outside | (distance > FAR) | (forward < -radius)
    depth: Floats = np.where(hidden, np.inf, distance)
    return depth


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
