"""What panels of every kind have in common: phases and expected ranges behind, shared axes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rca.report.chart import Band, Bars, Figure, Panel, Scale, Series, Shade, Values
from rca.report.curves import share_axes
from rca.report.expected import PROGRESSION
from rca.report.sides import Side
from rca.report.wording import plural

STEPS = "environment steps"


def step_panel(
    side: Side, y_label: str, marks: Sequence[Series | Bars], empty: str, column: str = ""
) -> Panel:
    """Returns a side's panel over environment steps.

    Args:
        side: Whose data is drawn; phases are those of its first seed.
        y_label: With unit.
        marks: What is drawn.
        empty: Why nothing is; ignored if something is.
        column: Of the episode table, for the ranges that the seed expects of it.
    """
    bands = tuple(
        Band("expected", e.first - 1.0, float(e.last), e.low, e.high)
        for e in PROGRESSION
        if e.quantity == column and marks and e.comparable(side.first)
    )
    title = f"{side.name}, {plural(len(side.runs), 'seed')}" if len(side.runs) > 1 else side.name
    empty = "" if marks else empty
    return Panel(title, STEPS, y_label, tuple(marks), phases(side), bands, empty=empty)


def phases(side: Side) -> tuple[Shade, ...]:
    """Returns the phases of a side's first seed."""
    return tuple(
        Shade(p.name, p.first_step - 1.0, float(p.last_step), p.name == "learning")
        for p in side.first.phases
    )


def step_figure(
    id: str, title: str, caption: str, panels: Sequence[Panel], last: float, scale: Scale = "linear"
) -> Figure:
    """Returns a figure whose panels share their axes and end at the same step."""
    scaled = [replace(panel, y_scale=scale) for panel in panels]
    return Figure(id, title, caption, share_axes(scaled, last))


def last_step(sides: Sequence[Side]) -> float:
    """Returns the last environment step of the longest run."""
    return max(side.last_step() for side in sides)


def floats(column: object) -> Values:
    """Returns a column as an array; what was not recorded is NaN."""
    return np.asarray(column, dtype=np.float64)
