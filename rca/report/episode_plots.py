"""Episodes and evaluations: records -> figures as plain data, each with its finding as title."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rca.report.chart import Bars, Figure, Mark, Panel, Series, Values
from rca.report.curves import dots, scale_of, share_axes, trend
from rca.report.expected import Quantity
from rca.report.panels import STEPS, floats, last_step, step_figure, step_panel
from rca.report.sides import Side
from rca.report.wording import number, plural
from rca.runs.record import Phase, RunRecord

GREY = 6
REASONS = {
    "goal": 4,
    "time_out": 2,
    "stuck": 0,
    "collision": 1,
    "off_road": 3,
    "wrong_way": 5,
    "simulator_fault": 7,
}
"""Colour of each ending, in stacking order; foreign names become "other", grey."""
WINDOWS = 20
"""Stretches of the run that endings are counted in."""


def episode_figure(column: Quantity, sides: Sequence[Side]) -> Figure:
    """Returns return or length of every training episode with its running median."""
    unit = " (steps)" if column == "length" else ""
    panels = [
        step_panel(
            side, f"episode {column}{unit}", _dots(side, column), "no episode is recorded", column
        )
        for side in sides
    ]
    values = np.concatenate([[], *(floats(r.episodes[column]) for s in sides for r in s.records)])
    title = f"Episode {column}: " + "; ".join(f"{s.name} {by_phase(s, column)}" for s in sides)
    caption = (
        "A dot per training episode at the step where it ended; line: running median over a "
        "twentieth of the episodes of its phase."
    )
    scale = scale_of(values, log=True)
    return step_figure(f"episode-{column}", title, caption, panels, last_step(sides), scale)


def _dots(side: Side, column: str) -> list[Series]:
    marks: list[Series] = []
    for record in side.records:
        ends, values = floats(record.episodes["end_step"]), floats(record.episodes[column])
        if np.isfinite(values).any():
            marks.append(dots("episode", ends, values, GREY, len(side.records)))
            marks += _trends(record, column, side.color)
    return marks


def _trends(record: RunRecord, column: str, color: int) -> list[Series]:
    """Returns a running median per phase: across the first update it would mix two policies."""
    tables = [record.episodes_in(phase) for phase in record.phases] or [record.episodes]
    return [
        trend("running median", floats(table["end_step"]), floats(table[column]), color)
        for table in tables
        if len(table)
    ]


def by_phase(side: Side, column: str) -> str:
    """Returns the medians before and after the first update."""
    parts = []
    for phase in side.first.phases:
        values = _episodes(side, phase)[column].dropna()
        if len(values):
            words = {"random": "before learning", "learning": "learning"}[phase.name]
            parts.append(f"{number(float(values.median()))} {words}")
    if parts:
        return ", ".join(parts)
    values = pd.concat([r.episodes[column] for r in side.records]).dropna()
    return f"median {number(float(values.median()))}" if len(values) else "not measured"


def _episodes(side: Side, phase: Phase) -> pd.DataFrame:
    """Returns the episodes of all seeds that ended in their own phase of that name."""
    tables = [r.episodes_in(own) for r in side.records if (own := r.phase(phase.name))]
    return pd.concat(tables)


def histogram_figure(sides: Sequence[Side]) -> Figure:
    """Returns the episode lengths per phase: a row per phase, a column per side."""
    cells = [(side, name) for name in ("random", "learning") for side in sides]
    lengths = [_lengths(side, name) for side, name in cells]
    known = np.concatenate([[], *lengths])
    scale = scale_of(known, log=True)
    edges = _edges(known, log=scale != "linear")
    panels = [
        replace(_histogram(side, name, values, edges), x_scale=scale)
        for (side, name), values in zip(cells, lengths, strict=True)
    ]
    title = "Episode lengths: " + "; ".join(f"{s.name} {by_phase(s, 'length')}" for s in sides)
    caption = "Share of a phase's episodes per length; the line marks their median."
    return Figure("histogram", title, caption, share_axes(panels), shared_steps=False)


def _lengths(side: Side, phase: str) -> Values:
    tables = [
        record.episodes_in(own)["length"]
        for record in side.records
        for own in record.phases
        if own.name == phase
    ]
    return floats(pd.concat(tables).dropna()) if tables else np.array([])


def _edges(values: Values, *, log: bool) -> Values:
    """Returns bin edges between whole numbers, 24 bins at most."""
    if not len(values):
        return np.array([0.5, 1.5])
    low, high = values.min() - 0.5, values.max() + 0.5
    spaced = np.geomspace(max(low, 0.5), high, 25) if log else np.linspace(low, high, 25)
    return np.unique(np.floor(spaced) + 0.5)


def _histogram(side: Side, phase: str, values: Values, edges: Values) -> Panel:
    heights = np.histogram(values, edges)[0] / max(1, len(values))
    words = {"random": "before learning", "learning": "learning"}[phase]
    title = f"{side.name}, {words}: {plural(len(values), 'episode')}"
    marks = (Bars("episodes", edges, 100 * heights, side.color),) if len(values) else ()
    events = (Mark("median", float(np.median(values))),) if len(values) else ()
    empty = "" if marks else _no_phase(side.first, phase)
    x_label, y_label = "episode length (steps)", "share of episodes (%)"
    return Panel(title, x_label, y_label, marks, events=events, empty=empty)


def _no_phase(record: RunRecord, phase: str) -> str:
    if not record.phases:
        return "the first update cannot be placed, so there are no phases"
    if all(own.name != phase for own in record.phases):
        if phase == "learning":
            return "0 updates were executed, so there is no learning phase"
        return "the run learned from its first step"
    return "no episode ended in this phase"


def endings_figure(sides: Sequence[Side]) -> Figure:
    """Returns how episodes ended, over the course of the run."""
    last = last_step(sides)
    empty = "this run did not record how episodes ended"
    panels = [
        replace(
            step_panel(side, "share of episodes (%)", _endings(side, last), empty), stacked=True
        )
        for side in sides
    ]
    title = "Endings: " + "; ".join(f"{side.name} {_most(side)}" for side in sides)
    caption = f"Share of the episodes that ended in each of {WINDOWS} stretches of the run."
    figure = step_figure("endings", title, caption, panels, last)
    return replace(figure, panels=tuple(replace(p, y_range=(0.0, 100.0)) for p in figure.panels))


def _reasons(side: Side) -> pd.DataFrame:
    """Returns step and reason of every episode of which the ending is known."""
    table = pd.concat([r.episodes[["end_step", "end_reason"]] for r in side.records])
    table = table[table["end_reason"].notna()]
    known = table["end_reason"].isin(list(REASONS))
    return table.assign(end_reason=table["end_reason"].where(known, "other"))


def _endings(side: Side, last: float) -> list[Bars]:
    table, edges = _reasons(side), np.linspace(0.0, last, WINDOWS + 1)
    total = np.histogram(floats(table["end_step"]), edges)[0]
    bars = []
    for reason, color in {**REASONS, "other": GREY}.items():
        steps = floats(table["end_step"][table["end_reason"] == reason])
        if len(steps):
            share = 100 * np.histogram(steps, edges)[0] / np.maximum(total, 1)
            bars.append(Bars(reason.replace("_", " "), edges, share, color))
    return bars


def _most(side: Side) -> str:
    """Returns the most frequent ending and its share."""
    reasons = _reasons(side)["end_reason"]
    if not len(reasons):
        return "not measured"
    name, count = str(reasons.mode().iloc[0]), int(reasons.value_counts().iloc[0])
    return f"{number(count / len(reasons), '%')} {name.replace('_', ' ')}"


@dataclass(frozen=True)
class Measure:
    """A column of the evaluation table as it is drawn."""

    column: str
    title: str
    y_label: str
    factor: float = 1.0


MEASURES = (
    Measure("mean_return", "mean return", "return"),
    Measure("mean_length", "mean length", "length (steps)"),
    Measure("success_rate", "success", "success (%)", 100.0),
    Measure("mean_distance", "distance", "distance (m)"),
)


def evaluation_figure(sides: Sequence[Side]) -> Figure:
    """Returns the evaluations without exploration noise, all sides in one panel per measure."""
    panels = [_evaluated(measure, sides) for measure in MEASURES]
    kept = tuple(panel for panel in panels if panel.marks) or (panels[0],)
    counts = [f"{s.name} {sum(len(r.evaluations) for r in s.records)}" for s in sides]
    title = f"Evaluations without exploration noise ({', '.join(counts)})"
    caption = "Each point is one evaluation on held-out routes; lines join those of one run."
    return Figure("evaluations", title, caption, kept)


def _evaluated(measure: Measure, sides: Sequence[Side]) -> Panel:
    marks: list[Series] = []
    for side in sides:
        for record in side.records:
            x = floats(record.evaluations["step"])
            y = measure.factor * floats(record.evaluations[measure.column])
            if np.isfinite(y).any():
                marks.append(Series(side.name, x, y, side.color))
                marks.append(Series(side.name, x, y, side.color, "points"))
    empty = "" if marks else "no evaluation took place"
    panel = Panel(measure.title, STEPS, measure.y_label, tuple(marks), empty=empty)
    panel = share_axes([panel], last_step(sides))[0]
    return replace(panel, y_range=(-2.0, 102.0)) if measure.factor == 100 else panel
