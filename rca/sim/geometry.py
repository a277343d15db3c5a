"""Reference lines of OpenDRIVE: lines, arcs, spirals and cubic pieces, sampled at any distance."""

import math
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def number(node: ElementTree.Element, key: str, default: float | None = None) -> float:
    """Returns a numeric attribute; a missing (without default) or huge one is a ValueError."""
    text = node.get(key)
    if text is None and default is not None:
        return default
    if text is None:
        raise ValueError(f"<{node.tag}> has no {key!r}")
    value = float(text)
    if not abs(value) < 1e7:
        raise ValueError(f"<{node.tag}> {key}={text!r} is out of range")
    return value


class ReferenceLine:
    """A road's reference line, sampled at any distances."""

    def __init__(self, road: ElementTree.Element) -> None:
        plan = road.find("planView")
        pieces = [] if plan is None else plan.findall("geometry")
        if not pieces:
            raise ValueError(f"road {road.get('id')} has no geometry")
        self.pieces = sorted(pieces, key=lambda node: number(node, "s"))
        self.starts = np.array([number(node, "s") for node in self.pieces])

    def at(self, s: Floats) -> tuple[Floats, Floats]:
        """Returns OpenDRIVE points [n, 2] and headings [n] at distances `s`."""
        points, headings = np.empty((len(s), 2)), np.empty(len(s))
        owner = np.clip(np.searchsorted(self.starts, s, side="right") - 1, 0, None)
        for index in np.unique(owner):
            mask = owner == index
            node = self.pieces[index]
            u, v, turn = _local(node, np.maximum(s[mask] - self.starts[index], 0.0))
            heading = number(node, "hdg")
            cos, sin = math.cos(heading), math.sin(heading)
            points[mask, 0] = number(node, "x") + cos * u - sin * v
            points[mask, 1] = number(node, "y") + sin * u + cos * v
            headings[mask] = heading + turn
        return points, headings

    def offset(self, s: Floats, t: Floats) -> Floats:
        """Returns points in CARLA's plane, [n, 2], at lateral offsets `t` (left positive)."""
        points, heading = self.at(s)
        x = points[:, 0] - t * np.sin(heading)
        y = points[:, 1] + t * np.cos(heading)
        return np.stack([x, -y], axis=1)


def _local(node: ElementTree.Element, s: Floats) -> tuple[Floats, Floats, Floats]:
    """Returns local u, v and the turn of heading along one geometry."""
    for tag, shape in _SHAPES.items():
        child = node.find(tag)
        if child is not None:
            return shape(child, s, number(node, "length"))
    raise ValueError("geometry of unknown kind")


def _line(node: ElementTree.Element, s: Floats, length: float) -> tuple[Floats, Floats, Floats]:
    return s, np.zeros_like(s), np.zeros_like(s)


def _arc(node: ElementTree.Element, s: Floats, length: float) -> tuple[Floats, Floats, Floats]:
    k = number(node, "curvature")
    if abs(k) < 1e-9:
        return _line(node, s, length)
    return np.sin(k * s) / k, (1 - np.cos(k * s)) / k, k * s


def _spiral(node: ElementTree.Element, s: Floats, length: float) -> tuple[Floats, Floats, Floats]:
    k0 = number(node, "curvStart")
    rate = (number(node, "curvEnd") - k0) / length
    fine = np.linspace(0.0, length, max(16, math.ceil(length * 20)))
    middle = (fine[1:] + fine[:-1]) / 2
    step = fine[1] - fine[0]
    turn = k0 * middle + rate * middle**2 / 2
    u = np.concatenate([[0.0], np.cumsum(np.cos(turn)) * step])
    v = np.concatenate([[0.0], np.cumsum(np.sin(turn)) * step])
    return np.interp(s, fine, u), np.interp(s, fine, v), k0 * s + rate * s**2 / 2


def _poly3(node: ElementTree.Element, s: Floats, length: float) -> tuple[Floats, Floats, Floats]:
    a, b, c, d = (number(node, key) for key in "abcd")
    return s, a + b * s + c * s**2 + d * s**3, np.arctan(b + 2 * c * s + 3 * d * s**2)


def _param_poly3(
    node: ElementTree.Element, s: Floats, length: float
) -> tuple[Floats, Floats, Floats]:
    p = s if node.get("pRange") == "arcLength" else s / length
    au, bu, cu, du = (number(node, f"{key}U") for key in "abcd")
    av, bv, cv, dv = (number(node, f"{key}V") for key in "abcd")
    turn = np.arctan2(bv + 2 * cv * p + 3 * dv * p**2, bu + 2 * cu * p + 3 * du * p**2)
    return (
        au + bu * p + cu * p**2 + du * p**3,
        av + bv * p + cv * p**2 + dv * p**3,
        turn,
    )


_SHAPES: dict[
    str, Callable[[ElementTree.Element, Floats, float], tuple[Floats, Floats, Floats]]
] = {
    "line": _line,
    "arc": _arc,
    "spiral": _spiral,
    "poly3": _poly3,
    "paramPoly3": _param_poly3,
}
