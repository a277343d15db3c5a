"""The camera: the ground through one homography per band of rows, boxes drawn on top."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rca.sim.geometry import Floats
from rca.sim.ground import GRASS, LEVELS, TERRAIN, Ground, Pixels
from rca.sim.pose import rotation
from rca.sim.solids import Faces
from rca.sim.weather import Weather
from rca.sim.wire import Transform

SKY = 11
NEAR = 0.1
"""Nearest drawn distance, metres."""
FAR = 400.0
"""Farthest drawn box, metres."""
_SHIFT = 4


@dataclass(frozen=True)
class _Band:
    """Rows of the picture that read one level of the ground's pyramid."""

    top: int
    bottom: int
    level: int


@dataclass
class _View:
    """What stays the same while a camera keeps its height, pitch and roll."""

    key: tuple[float, float, float]
    sky: NDArray[np.bool_]  # [height, width]
    bands: list[_Band]
    distance: NDArray[np.float32]  # [height, width] to the ground, metres
    rise: NDArray[np.float32]  # [height, width] sine of the angle above the horizon
    weather: Weather | None = None
    gain: NDArray[np.uint16] | None = None  # [height, width, 1], 256 = 1
    veil: NDArray[np.uint16] | None = None  # [height, width, 3], times 256


class Camera:
    """A pinhole camera; `fov` is the horizontal angle in degrees."""

    def __init__(self, width: int, height: int, fov: float, *, semantic: bool = False) -> None:
        self.width, self.height, self.fov, self.semantic = width, height, fov, semantic
        self.focal = width / 2 / math.tan(math.radians(fov) / 2)
        self.centre = (width - 1) / 2, (height - 1) / 2
        self._view: _View | None = None

    def render(
        self, ground: Ground, faces: Faces | None, weather: Weather, place: Transform
    ) -> Pixels:
        """Returns the picture, [height, width, 4] BGRA; tags are in the R channel if semantic."""
        turn = rotation(place)
        view = self._look(place, turn, ground.metres_per_pixel)
        picture = self._ground(ground, view, place, turn)
        if not self.semantic:
            self._light(picture, view, weather)
        if faces is not None:
            self._draw(picture, faces, weather, place, turn)
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA), np.uint8)

    def _look(self, place: Transform, turn: Floats, metres_per_pixel: float) -> _View:
        key = place[2], place[3], place[5]
        if self._view is not None and self._view.key == key:
            return self._view
        across = (np.arange(self.width) - self.centre[0]) / self.focal
        down = (np.arange(self.height) - self.centre[1]) / self.focal
        fall = -(turn[2, 0] + across[None, :] * turn[2, 1] - down[:, None] * turn[2, 2])
        length = np.sqrt(1 + across[None, :] ** 2 + down[:, None] ** 2)
        height = max(place[2], 0.05)
        sky = fall <= 1e-6
        distance = np.where(sky, FAR, height * length / np.maximum(fall, 1e-6))
        # Width of a pixel on the ground in raster pixels, as seen from the row's nearest point.
        spread = np.where(sky, np.inf, height / np.maximum(fall, 1e-6)).min(axis=1)
        ratio = np.clip(spread / self.focal / metres_per_pixel * 1.4, 1.0, 2.0 ** (LEVELS - 1))
        levels = np.round(np.log2(ratio)).astype(int)
        bands = []
        rows = np.flatnonzero(~sky.all(axis=1))
        for level in np.unique(levels[rows]):
            own = rows[levels[rows] == level]
            bands.append(_Band(int(own[0]), int(own[-1]) + 1, int(level)))
        self._view = _View(
            key, sky, bands, distance.astype(np.float32), (-fall / length).astype(np.float32)
        )
        return self._view

    def _ground(self, ground: Ground, view: _View, place: Transform, turn: Floats) -> Pixels:
        picture = np.zeros((self.height, self.width, 3), np.uint8)
        to_picture = self._homography(place, turn)
        for band in view.bands:
            level = 0 if self.semantic else band.level
            scale = ground.metres_per_pixel * 2**level
            x, y = ground.origin
            raster = np.array([[scale, 0, x + scale / 2], [0, scale, y + scale / 2], [0, 0, 1.0]])
            shift = np.array([[1, 0, 0], [0, 1, -band.top], [0, 0, 1.0]])
            size = self.width, band.bottom - band.top
            source = ground.tags if self.semantic else ground.levels[level]
            warped = cv2.warpPerspective(
                source, shift @ to_picture @ raster, size,
                flags=cv2.INTER_NEAREST if self.semantic else cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=TERRAIN if self.semantic else GRASS,
            )  # fmt: skip
            if self.semantic:
                picture[band.top : band.bottom, :, 2] = warped
            else:
                picture[band.top : band.bottom] = warped
        if self.semantic:
            picture[view.sky] = (0, 0, SKY)
        return picture

    def _homography(self, place: Transform, turn: Floats) -> Floats:
        """Returns the matrix from ground metres to picture pixels."""
        forward, right, up = turn[:, 0], turn[:, 1], turn[:, 2]
        rows = np.stack(
            [
                self.focal * right + self.centre[0] * forward,
                -self.focal * up + self.centre[1] * forward,
                forward,
            ]
        )
        matrix = np.empty((3, 3))
        matrix[:, :2] = rows[:, :2]
        matrix[:, 2] = -rows @ np.array(place[:3])
        return matrix

    def _light(self, picture: Pixels, view: _View, weather: Weather) -> None:
        """Applies daylight and haze, and fills the sky, in one multiplication and addition."""
        if view.weather != weather or view.gain is None or view.veil is None:
            thickness = np.maximum(view.distance - weather.haze_start, 0.0) * weather.haze
            haze = (1 - np.exp(-thickness))[..., None]
            mix = np.clip(view.rise * 2.2, 0.0, 1.0)[..., None]
            clear = mix * weather.zenith + (1 - mix) * weather.horizon
            sky = view.sky[..., None]
            gain = np.where(sky, 0.0, (1 - haze) * weather.light)
            veil = np.where(sky, clear, haze * weather.horizon)
            view.weather = weather
            view.gain = np.round(gain * 256).astype(np.uint16)
            view.veil = np.round(veil * 256).astype(np.uint16)
        lit = picture * view.gain
        np.minimum(lit, 65535 - view.veil, out=lit)
        lit += view.veil
        np.right_shift(lit, 8, out=lit)
        picture[...] = lit

    def _draw(
        self, picture: Pixels, faces: Faces, weather: Weather, place: Transform, turn: Floats
    ) -> None:
        eye = np.array(place[:3])
        chosen = _visible(faces, eye, turn)
        local = (faces.corners[chosen] - eye) @ turn  # [k, 4, 3] forward, right, up
        colours = self._face_colours(faces, chosen, local, weather)
        crossing = (local[:, :, 0] < NEAR).any(axis=1)
        polygons = self._project(np.maximum(local, [NEAR, -np.inf, -np.inf]))
        for number, colour in enumerate(colours):
            polygon = polygons[number]
            if crossing[number]:
                polygon = self._project(_clipped(local[number]))
            cv2.fillConvexPoly(picture, polygon, colour, shift=_SHIFT)

    def _face_colours(
        self, faces: Faces, chosen: NDArray[np.int64], local: Floats, weather: Weather
    ) -> list[list[float]]:
        if self.semantic:
            return [[0.0, 0.0, float(tag)] for tag in faces.tags[chosen]]
        distance = np.linalg.norm(local.mean(axis=1), axis=1) - weather.haze_start
        fade = np.exp(-np.maximum(distance, 0.0) * weather.haze)[:, None]
        lit = faces.colours[chosen] * (fade * weather.light) + weather.horizon * (1 - fade)
        colours: list[list[float]] = np.minimum(lit, 255.0).tolist()
        return colours

    def _project(self, local: Floats) -> NDArray[np.int32]:
        """Returns cv2's fixed-point pixels of points before the camera, [..., 2]."""
        u = self.centre[0] + self.focal * local[..., 1] / local[..., 0]
        v = self.centre[1] - self.focal * local[..., 2] / local[..., 0]
        pixels = np.clip(np.stack([u, v], axis=-1), -1e5, 1e5)
        return np.round(pixels * (1 << _SHIFT)).astype(np.int32)


def _visible(faces: Faces, eye: Floats, turn: Floats) -> NDArray[np.int64]:
    """Returns the faces turned to the camera and before it, far footprints first."""
    prints = faces.footprints
    dx, dy = eye[0] - prints[:, 0], eye[1] - prints[:, 1]
    ahead = np.abs(dx * prints[:, 2] + dy * prints[:, 3]) - prints[:, 4]
    aside = np.abs(dy * prints[:, 2] - dx * prints[:, 3]) - prints[:, 5]
    distance = np.hypot(np.maximum(ahead, 0.0), np.maximum(aside, 0.0))
    reach = np.hypot(prints[:, 4], prints[:, 5]) + 2.0
    before = (-dx * turn[0, 0] - dy * turn[1, 0]) > -reach - abs(turn[2, 0]) * 20.0
    drawn = before & (distance < FAR)
    candidates = np.flatnonzero(drawn[faces.owners])
    corners = faces.corners[candidates]
    facing = ((eye - corners[:, 0]) * faces.normals[candidates]).sum(axis=1) > 0.0
    front = ((corners - eye) @ turn[:, 0] > NEAR).any(axis=1)
    candidates = candidates[facing & front]
    order = np.argsort(-distance[faces.owners[candidates]], kind="stable")
    sorted_faces: NDArray[np.int64] = candidates[order]
    return sorted_faces


def _clipped(local: Floats) -> Floats:
    """Cuts a polygon at the near plane."""
    kept = []
    for a, b in zip(local, np.roll(local, -1, axis=0), strict=True):
        if a[0] >= NEAR:
            kept.append(a)
        if (a[0] >= NEAR) != (b[0] >= NEAR):
            share = (NEAR - a[0]) / (b[0] - a[0])
            kept.append(a + share * (b - a))
    return np.array(kept)
