"""The map seen from above, drawn once: a colour raster in several resolutions and its tags."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from rca.sim.geometry import Floats
from rca.sim.roads import Network, Strip

Pixels = NDArray[np.uint8]

MARGIN = 60.0
"""Ground drawn beyond the outermost lane, metres."""
FINEST = 0.1
"""Metres per pixel where the map is small enough: a lane mark is 1.5 pixels wide."""
MAX_PIXELS = 9_000_000
"""Largest raster of a built-in map: 27 MB of colour, 9 MB of smaller copies, 9 MB of tags."""
LEVELS = 5
_SHIFT = 4  # cv2's fixed-point bits for vertices

ROAD, SIDEWALK, TERRAIN, ROAD_LINE, GROUND = 1, 2, 10, 24, 25

_KINDS = {
    # lane type: (tag, BGR, noise), drawn in this order, later over earlier
    "border": (TERRAIN, (70, 100, 92), 9.0),
    "shoulder": (GROUND, (96, 112, 118), 9.0),
    "sidewalk": (SIDEWALK, (150, 154, 156), 5.0),
    "biking": (ROAD, (78, 78, 110), 4.0),
    "parking": (ROAD, (92, 90, 90), 4.0),
    "median": (SIDEWALK, (84, 122, 96), 8.0),
    "driving": (ROAD, (82, 80, 79), 5.0),
}
_ALIASES = {
    "stop": "shoulder", "curb": "sidewalk", "restricted": "median", "bidirectional": "driving",
    "entry": "driving", "exit": "driving", "onRamp": "driving", "offRamp": "driving",
    "connectingRamp": "driving", "tram": "driving", "rail": "driving", "special1": "driving",
}  # fmt: skip
GRASS = (62, 108, 84)
_GRASS_NOISE = 13.0
_MARK_COLOURS = {"yellow": (70, 190, 225)}
_WHITE = (225, 228, 228)

MARK_WIDTH, DASH, GAP = 0.16, 3.0, 4.5
"""Road marks in metres: a common European urban pattern."""


class Ground:
    """Colour raster pyramid and tag raster of a map.

    Attributes:
        levels: BGR rasters, each half the size of the one before.
        tags: Semantic tag per pixel of level 0.
        origin: x, y of the raster's corner in metres.
        metres_per_pixel: Of level 0.
        to_metres: Matrix from pixels of level 0 to metres, [3, 3].
        scales: Matrices from pixels of each level to those of level 0, [3, 3] each.
    """

    def __init__(self, network: Network, max_pixels: int = MAX_PIXELS) -> None:
        x_min, y_min, x_max, y_max = network.bounds()
        self.origin = x_min - MARGIN, y_min - MARGIN
        size = x_max - x_min + 2 * MARGIN, y_max - y_min + 2 * MARGIN
        self.metres_per_pixel = max(FINEST, math.sqrt(size[0] * size[1] / max_pixels))
        shape = tuple(math.ceil(length / self.metres_per_pixel) for length in reversed(size))
        step, (x, y) = self.metres_per_pixel, self.origin
        self.to_metres = np.array(
            [[step, 0.0, x + step / 2], [0.0, step, y + step / 2], [0.0, 0.0, 1.0]]
        )
        self.scales = [_scale(2**level) for level in range(LEVELS)]
        codes = np.zeros(shape, np.uint8)
        for code, kind in enumerate(_KINDS, 1):
            for strip in network.strips:
                if _ALIASES.get(strip.kind, strip.kind) == kind:
                    self._fill(codes, strip, code)
        colour = _coloured(codes)
        self.tags: Pixels = np.array([TERRAIN] + [tag for tag, _, _ in _KINDS.values()], np.uint8)[
            codes
        ]
        del codes
        for strip in network.strips:
            self._mark(colour, strip.outer, strip.mark, strip.mark_colour)
        for points, mark, name in network.centre_marks:
            self._mark(colour, points, mark, name)
        self.levels: list[Pixels] = [colour]
        while len(self.levels) < LEVELS:
            last = self.levels[-1]
            half = last.shape[1] // 2, last.shape[0] // 2
            even = last[: 2 * half[1], : 2 * half[0]]  # an odd row would shift the smaller copies
            smaller = cv2.resize(even, half, interpolation=cv2.INTER_AREA)
            self.levels.append(np.asarray(smaller, np.uint8))

    def _pixels(self, points: Floats) -> NDArray[np.int32]:
        """Converts metres to cv2's fixed-point pixel coordinates."""
        scaled = (points - self.origin) / self.metres_per_pixel - 0.5
        return np.round(scaled * (1 << _SHIFT)).astype(np.int32)

    def _fill(self, codes: Pixels, strip: Strip, code: int) -> None:
        outline = self._pixels(np.concatenate([strip.inner, strip.outer[::-1]]))
        cv2.fillPoly(codes, [outline], code, shift=_SHIFT)

    def _mark(self, colour: Pixels, points: Floats, mark: str, name: str) -> None:
        paint = _MARK_COLOURS.get(name, _WHITE)
        for side, kind in _lines(mark):
            line = points if side == 0.0 else _beside(points, side)
            for piece in [line] if kind == "solid" else _dashes(line):
                outline = np.concatenate(
                    [_beside(piece, -MARK_WIDTH / 2), _beside(piece, MARK_WIDTH / 2)[::-1]]
                )
                pixels = self._pixels(outline)
                cv2.fillPoly(self.tags, [pixels], ROAD_LINE, shift=_SHIFT)
                cv2.fillPoly(colour, [pixels], paint, lineType=cv2.LINE_AA, shift=_SHIFT)


def _scale(factor: int) -> Floats:
    """Pixel k of a smaller copy covers `factor` pixels from factor * k on."""
    half = (factor - 1) / 2
    return np.array([[factor, 0.0, half], [0.0, factor, half], [0.0, 0.0, 1.0]])


def _coloured(codes: Pixels) -> Pixels:
    """Paints surface codes, with a grain that repeats every 1024 pixels."""
    kinds = [(GRASS, _GRASS_NOISE)] + [(bgr, noise) for _, bgr, noise in _KINDS.values()]
    colours = np.zeros((256, 1, 3), np.uint8)  # OpenCV's tables have an entry for every byte
    colours[: len(kinds), 0] = [bgr for bgr, _ in kinds]
    swing = np.zeros(256, np.float32)
    swing[: len(kinds)] = [noise for _, noise in kinds]
    grain = _grain(np.random.default_rng(0))
    out = np.empty((*codes.shape, 3), np.uint8)
    repeats = -(-codes.shape[1] // grain.shape[1])
    for top in range(0, codes.shape[0], 256):
        block = codes[top : top + 256]
        rows = grain[np.arange(top, top + len(block)) % len(grain)]
        noise = np.tile(rows, (1, repeats))[:, : codes.shape[1]] * cv2.LUT(block, swing)
        base = cv2.LUT(cv2.merge([block] * 3), colours)
        steps = cv2.merge([noise.astype(np.int16)] * 3)
        cv2.add(base, steps, dst=out[top : top + 256], dtype=cv2.CV_8U)
    return out


def _grain(rng: np.random.Generator) -> NDArray[np.float32]:
    """Returns a tile of noise of about unit size: fine grain and patches of a few metres."""
    fine = rng.standard_normal((1024, 1024), dtype=np.float32)
    coarse = np.pad(rng.standard_normal((32, 32), dtype=np.float32), 4, mode="wrap")
    patches = cv2.resize(coarse, (1280, 1280), interpolation=cv2.INTER_CUBIC)[128:-128, 128:-128]
    grain: NDArray[np.float32] = (0.55 * fine + 0.6 * patches).astype(np.float32)
    return grain


def _lines(mark: str) -> list[tuple[float, str]]:
    """Returns the lines of a road mark: sideways place in metres, kind."""
    words = [word for word in mark.split() if word in ("solid", "broken")]
    if len(words) == 2:
        return [(-MARK_WIDTH, words[0]), (MARK_WIDTH, words[1])]
    return [(0.0, word) for word in words]


def _beside(points: Floats, offset: float) -> Floats:
    """Returns a polyline moved sideways."""
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    return points + offset * np.stack([-along[:, 1], along[:, 0]], axis=1)


def _dashes(points: Floats) -> list[Floats]:
    """Cuts a polyline into dashes."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    s = np.concatenate([[0.0], np.cumsum(steps)])
    starts = np.arange(0.0, max(s[-1] - DASH, 0.0) + 1e-6, DASH + GAP)
    pieces = []
    for start in starts:
        at = np.linspace(start, min(start + DASH, s[-1]), 7)
        pieces.append(
            np.stack([np.interp(at, s, points[:, 0]), np.interp(at, s, points[:, 1])], axis=1)
        )
    return pieces
