"""Draws flat faces into a picture, far ones first (the painter's algorithm)."""

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
SMALLEST = 0.7
"""Faces less wide and less high than this many pixels are left out."""
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
    """Faces ready to be filled, far ones first: pixels, and which face each is."""

    polygons: list[NDArray[np.int32]]
    faces: Faces
    chosen: NDArray[np.int64]
    distance: Floats  # [k] from the camera to the middle of each face, metres

    def fill(self, picture: Pixels, colours: list[list[float]]) -> None:
        """Fills the faces."""
        for polygon, colour in zip(self.polygons, colours, strict=True):
            cv2.fillConvexPoly(picture, polygon, colour, shift=_SHIFT)


def draw(
    fixed: Faces | None,
    movers: Sequence[tuple[Faces, Transform]],
    lens: Lens,
    eye: Floats,
    turn: Floats,
) -> Drawing | None:
    """Returns what a camera at `eye` with axes `turn` (columns) sees of the faces."""
    parts = [model.moved(place) for model, place in movers if _ahead(place, eye, turn)]
    near = [] if fixed is None else [fixed]
    if not near and not parts:
        return None
    faces = joined(near + parts) if parts else near[0]
    chosen, local, distance = _turned_to(faces, eye, turn)
    crossing: NDArray[np.bool_] = np.less(local[..., 0].min(axis=1, initial=np.inf), NEAR)
    ahead = local.copy()
    np.maximum(ahead[..., 0], NEAR, out=ahead[..., 0])
    pixels = lens.project(ahead)
    low, high = pixels.min(axis=1), pixels.max(axis=1)
    inside = (high > 0.0).all(axis=1) & (low < (lens.width, lens.height)).all(axis=1)
    keep = (inside & ((high - low) > SMALLEST).any(axis=1)) | crossing
    index = np.flatnonzero(keep)
    index = index[np.argsort(-distance[index], kind="stable")]
    polygons = list(_fixed_point(pixels[index]))
    for number in np.flatnonzero(crossing[index]):
        polygons[number] = _fixed_point(lens.project(_clipped(local[index[number]])))
    middle = np.linalg.norm(local[index].mean(axis=1), axis=1)
    return Drawing(polygons, faces, chosen[index], middle)


def _ahead(place: Transform, eye: Floats, turn: Floats) -> bool:
    dx, dy, dz = place[0] - eye[0], place[1] - eye[1], place[2] - eye[2]
    forward = dx * turn[0, 0] + dy * turn[1, 0] + dz * turn[2, 0]
    return bool(-8.0 < forward < FAR)


def _turned_to(faces: Faces, eye: Floats, turn: Floats) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Returns the faces that show their front: numbers, camera coordinates, footprint distance."""
    prints = faces.footprints
    dx, dy = eye[0] - prints[:, 0], eye[1] - prints[:, 1]
    along = np.abs(dx * prints[:, 2] + dy * prints[:, 3]) - prints[:, 4]
    aside = np.abs(dy * prints[:, 2] - dx * prints[:, 3]) - prints[:, 5]
    distance = np.hypot(np.maximum(along, 0.0), np.maximum(aside, 0.0))
    forward = -dx * turn[0, 0] - dy * turn[1, 0]
    before: NDArray[np.bool_] = forward > -(prints[:, 4] + prints[:, 5] + _MARGIN * abs(turn[2, 0]))
    drawn = np.logical_and(before, distance < FAR)
    numbers = np.flatnonzero(drawn[faces.owners])
    offset = faces.corners[numbers] - eye
    shows = np.einsum("ij,ij->i", offset[:, 0], faces.normals[numbers]) < 0.0
    local = offset[shows] @ turn
    front = (local[..., 0] > NEAR).any(axis=1)
    chosen: NDArray[np.int64] = numbers[shows][front]
    return chosen, local[front], distance[faces.owners[chosen]]


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
