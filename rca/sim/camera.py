"""The camera: the ground through one homography per band of rows, boxes drawn on top."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rca.sim.geometry import Floats
from rca.sim.ground import GRASS, LEVELS, TERRAIN, Ground, Pixels
from rca.sim.painter import FAR, Drawing, Lens, draw
from rca.sim.pose import rotation
from rca.sim.solids import Faces
from rca.sim.weather import Weather
from rca.sim.wire import Transform

SKY = 11
cv2.setNumThreads(1)  # pictures are small, and the client needs the other core


@dataclass(frozen=True)
class Scene:
    """What cameras see in one frame."""

    ground: Ground
    fixed: Faces | None
    movers: Sequence[tuple[Faces, Transform]]
    """Models at the origin and the places where they stand."""
    weather: Weather


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
    gain: NDArray[np.uint16] | None = None  # [height, width, 3], 256 = 1
    veil: NDArray[np.uint16] | None = None  # [height, width, 3], times 256


class Camera:
    """A pinhole camera; `fov` is the horizontal angle in degrees."""

    def __init__(self, width: int, height: int, fov: float, *, semantic: bool = False) -> None:
        self.width, self.height, self.fov, self.semantic = width, height, fov, semantic
        focal = width / 2 / math.tan(math.radians(fov) / 2)
        self.lens = Lens(width, height, focal)
        x, y = self.lens.centre
        self._pinhole = np.array([[x, focal, 0.0], [y, 0.0, -focal], [1.0, 0.0, 0.0]])
        self._view: _View | None = None

    def render(self, scene: Scene, place: Transform) -> Pixels:
        """Returns the picture, [height, width, 4] BGRA; tags are in the R channel if semantic."""
        turn = rotation(place)
        view = self._look(place, turn, scene.ground.metres_per_pixel)
        if self.semantic:
            picture = self._tags(scene.ground, view, place, turn)
        else:
            picture = self._ground(scene.ground, view, place, turn)
            self._light(picture, view, scene.weather)
        drawing = draw(scene.fixed, scene.movers, self.lens, np.array(place[:3]), turn)
        drawing.fill(picture, self._colours(drawing, scene.weather))
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA), np.uint8)

    def _look(self, place: Transform, turn: Floats, metres_per_pixel: float) -> _View:
        key = place[2], place[3], place[5]
        if self._view is not None and self._view.key == key:
            return self._view
        across = (np.arange(self.width) - self.lens.centre[0]) / self.lens.focal
        down = (np.arange(self.height) - self.lens.centre[1]) / self.lens.focal
        fall = -(turn[2, 0] + across[None, :] * turn[2, 1] - down[:, None] * turn[2, 2])
        length = np.sqrt(1 + across[None, :] ** 2 + down[:, None] ** 2)
        height = max(place[2], 0.05)
        sky = fall <= 1e-6
        distance = np.where(sky, FAR, height * length / np.maximum(fall, 1e-6))
        # Width of a pixel on the ground in raster pixels, as seen from the row's nearest point.
        spread = np.where(sky, np.inf, height / np.maximum(fall, 1e-6)).min(axis=1)
        ratio = np.clip(spread / self.lens.focal / metres_per_pixel * 1.4, 1.0, 2.0 ** (LEVELS - 1))
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
        """Returns the ground in colour; rows of sky are left black."""
        picture = np.zeros((self.height, self.width, 3), np.uint8)
        to_picture = self._homography(place, turn) @ ground.to_metres
        for band in view.bands:
            matrix = to_picture @ ground.scales[band.level]
            matrix[1] -= band.top * matrix[2]
            cv2.warpPerspective(
                ground.levels[band.level], matrix, (self.width, band.bottom - band.top),
                dst=picture[band.top : band.bottom], flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_CONSTANT, borderValue=GRASS,
            )  # fmt: skip
        return picture

    def _tags(self, ground: Ground, view: _View, place: Transform, turn: Floats) -> Pixels:
        """Returns the ground's and the sky's tags in the R channel."""
        picture = np.zeros((self.height, self.width, 3), np.uint8)
        picture[..., 2] = cv2.warpPerspective(
            ground.tags, self._homography(place, turn) @ ground.to_metres,
            (self.width, self.height), flags=cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_CONSTANT, borderValue=TERRAIN,
        )  # fmt: skip
        picture[view.sky] = (0, 0, SKY)
        return picture

    def _homography(self, place: Transform, turn: Floats) -> Floats:
        """Returns the matrix from ground metres to picture pixels."""
        rows = self._pinhole @ turn.T
        rows[:, 2] = rows @ (-place[0], -place[1], -place[2])
        return rows

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
            # Spelt out for each colour: a multiplication that repeats it is five times slower.
            view.gain = np.repeat(np.round(gain * 256).astype(np.uint16), 3, axis=2)
            # Kept small enough that gain * 255 + veil stays within 16 bits.
            view.veil = np.minimum(np.round(veil * 256), 65535 - 255.0 * view.gain).astype(
                np.uint16
            )
        lit = picture * view.gain
        lit += view.veil
        lit >>= 8
        picture[...] = lit

    def _colours(self, drawing: Drawing, weather: Weather) -> list[list[float]]:
        if self.semantic:
            return [[0.0, 0.0, float(tag)] for tag in drawing.tags]
        beyond = np.maximum(drawing.distance - weather.haze_start, 0.0)
        fade = np.exp(-beyond * weather.haze)[:, None]
        lit = drawing.colours * (fade * weather.light) + weather.horizon * (1 - fade)
        colours: list[list[float]] = np.minimum(lit, 255.0).tolist()
        return colours
