"""Figures -> what the page's script draws them from, as JSON values."""

from dataclasses import asdict
from typing import Any

import numpy as np

from rca.report.chart import Bars, Figure, Panel, Series, Values
from rca.report.model import Report
from rca.report.ticks import ticks

DIGITS = 5
"""Significant digits kept: a panel has no more pixels, and the file stays small."""


def figure_data(report: Report) -> dict[str, dict[str, Any]]:
    """Returns the drawn panels of every figure by its id; a value not measured becomes null."""
    figures = [b for s in report.sections for b in s.blocks if isinstance(b, Figure)]
    return {
        figure.id: {
            "shared": figure.shared_steps,
            "panels": [_panel(panel) for panel in figure.panels if not panel.empty],
        }
        for figure in figures
        if not figure.empty
    }


def _panel(panel: Panel) -> dict[str, object]:
    return {
        "title": panel.title,
        "x_label": panel.x_label,
        "y_label": panel.y_label,
        "x_range": panel.x_range,
        "y_range": panel.y_range,
        "x_scale": panel.x_scale,
        "y_scale": panel.y_scale,
        "x_ticks": ticks(panel.x_range, panel.x_scale),
        "y_ticks": ticks(panel.y_range, panel.y_scale, panel.linear_below),
        "linear_below": panel.linear_below,
        "stacked": panel.stacked,
        "ribbon_opacity": panel.ribbon_opacity,
        "marks": [_mark(mark) for mark in panel.marks],
        "shades": [asdict(shade) for shade in panel.shades],
        "bands": [asdict(band) for band in panel.bands],
        "events": [asdict(event) for event in panel.events],
    }


def _mark(mark: Series | Bars) -> dict[str, object]:
    named: dict[str, object] = {"label": mark.label, "color": mark.color}
    if isinstance(mark, Bars):
        return {**named, "edges": _numbers(mark.edges), "heights": _numbers(mark.heights)}
    ribbon = {}
    if mark.low is not None and mark.high is not None:
        ribbon = {"low": _numbers(mark.low), "high": _numbers(mark.high)}
    curve = {"style": mark.style, "x": _numbers(mark.x), "y": _numbers(mark.y)}
    return {**named, **curve, **ribbon}


def _numbers(values: Values) -> list[float | int | None]:
    return [_number(value) if np.isfinite(value) else None for value in values.tolist()]


def _number(value: float) -> float | int:
    short = float(f"{value:.{DIGITS}g}") if value != int(value) else value
    return int(short) if short == int(short) and abs(short) < 2**53 else short
