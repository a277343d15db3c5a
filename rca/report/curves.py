"""From measured values to what fits a picture: thinning, smoothing, shared axes."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from rca.report.chart import Bars, Panel, Scale, Series, Values

MAX_POINTS = 400
"""Points a curve is drawn with; a panel is about as many pixels wide on a phone."""
MIN_POINTS = 80
"""Fewer would no longer show the course of a run."""
MAX_DOTS = 1_500
"""Episodes drawn one by one; beyond, every k-th."""
LOG_FACTOR = 100.0
"""Values that span more than this are drawn on a logarithmic axis."""
MARGIN = 0.05
"""Share of the axis left free above and below the values."""


def curve(
    label: str, x: Values, y: Values, color: int, dashed: bool = False, seeds: int = 1
) -> Series:
    """Returns a curve of at most MAX_POINTS points, which the seeds of a side share.

    Longer ones become the median of equal stretches of x, with a ribbon from the least to the
    greatest value in each, so that no spike is lost. Infinite values count as not measured.
    """
    y = np.where(np.isfinite(y), y, np.nan)
    style: Literal["line", "dashed"] = "dashed" if dashed else "line"
    points = max(MIN_POINTS, MAX_POINTS // seeds)
    if len(x) <= points:
        return Series(label, x.astype(float), y, color, style)
    stretch = np.searchsorted(np.linspace(x[0], x[-1], points + 1)[1:-1], x, side="left")
    middle = pd.Series(x.astype(float)).groupby(stretch).median()
    table = pd.Series(y).groupby(stretch).agg(["median", "min", "max"]).to_numpy(dtype=float)
    return Series(
        label, middle.to_numpy(dtype=float), table[:, 0], color, style, table[:, 1], table[:, 2]
    )


def dots(label: str, x: Values, y: Values, color: int, seeds: int = 1) -> Series:
    """Returns the values one by one, every k-th of more than MAX_DOTS, which the seeds share."""
    stride = -(-len(x) * seeds // MAX_DOTS) or 1
    return Series(label, x[::stride].astype(float), y[::stride], color, "points")


def trend(label: str, x: Values, y: Values, color: int) -> Series:
    """Returns the running median over a twentieth of the values, five at least."""
    window = max(5, len(y) // 20)
    median = pd.Series(y).rolling(window, center=True, min_periods=1).median()
    return replace(curve(label, x, median.to_numpy(dtype=float), color), low=None, high=None)


def scale_of(values: Values, log: bool) -> Scale:
    """Returns the axis that shows the values best."""
    values = values[np.isfinite(values)]
    if not log or not len(values):
        return "linear"
    positive = values[values > 0]
    if not len(positive) or positive.max() < LOG_FACTOR * positive.min():
        return "linear"
    return "log" if values.min() > 0 else "symlog"


def share_axes(panels: Sequence[Panel], x_last: float | None = None) -> tuple[Panel, ...]:
    """Gives panels one x and one y range, so that the eye compares lengths, not labels.

    Args:
        panels: Of one figure.
        x_last: Right end of the x axis; None takes it from the data.
    """
    x_scale, y_scale = panels[0].x_scale, panels[0].y_scale
    xs = np.concatenate([[], *(_xs(panel) for panel in panels)])
    ys = np.concatenate([[], *(_ys(panel) for panel in panels)])
    x_range = (0.0, x_last) if x_last is not None else _range(xs, x_scale, 0.0)
    y_range = _range(ys, y_scale, MARGIN)
    if any(isinstance(mark, Bars) for panel in panels for mark in panel.marks):
        y_range = (min(0.0, y_range[0]) if np.any(ys < 0) else 0.0, max(0.0, y_range[1]))
    below = _linear_below(ys)
    return tuple(
        replace(panel, x_range=x_range, y_range=y_range, linear_below=below) for panel in panels
    )


def _linear_below(values: Values) -> float:
    """Returns the size that nine tenths of the values exceed."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    return float(np.quantile(sizes, 0.1)) if len(sizes) else 1.0


def _xs(panel: Panel) -> Values:
    parts = [m.edges if isinstance(m, Bars) else m.x for m in panel.marks]
    return np.concatenate([[], *parts])


def _ys(panel: Panel) -> Values:
    bars = [m.heights for m in panel.marks if isinstance(m, Bars)]
    if bars and panel.stacked:
        bars = [np.sum([part(b, 0) for b in bars], axis=0) for part in (np.maximum, np.minimum)]
    curves = [part for m in panel.marks if isinstance(m, Series) for part in _heights(m)]
    return np.concatenate([[], *bars, *curves])


def _heights(series: Series) -> Iterable[Values]:
    return (part for part in (series.y, series.low, series.high) if part is not None)


def _range(values: Values, scale: Scale, margin: float) -> tuple[float, float]:
    values = values[np.isfinite(values)]
    if scale == "log":
        values = values[values > 0]
    if not len(values):
        return (0.0, 1.0) if scale != "log" else (0.1, 1.0)
    low, high = float(values.min()), float(values.max())
    if scale == "symlog":
        return (2 * low if low < 0 else 0.0), 2 * max(high, 0.0)
    if scale == "log":
        factor = max((high / low) ** margin, 1.1 if margin else 1.0)
        return low / factor, high * factor
    room = margin * (high - low) or (0.1 * abs(high) or 1.0) * bool(margin or low == high)
    bottom = low - room if low < 0 else max(low - room, -0.02 * high)  # no ticks below what can be
    return bottom, high + room
