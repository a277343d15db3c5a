"""What is drawn of the runs: records -> figures as plain data, each with its finding as title."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rca.report.curves import curve, dots, scale_of, share_axes, trend
from rca.report.expected import PROGRESSION, Quantity
from rca.report.model import Band, Bars, Figure, Mark, Panel, Scale, Series, Shade, Values
from rca.report.sides import Side
from rca.report.wording import number, plural
from rca.runs.record import Phase, RunRecord, Signal

STEPS = "environment steps"


@dataclass(frozen=True)
class Group:
    """Signals that are drawn in one picture.

    Attributes:
        id: Of the figure.
        what: Subject of the title.
        signals: Name of the signal and its label in the legend.
        y_label: Without unit.
        caption: What the quantity is and how to read it.
        log: A logarithmic axis where the values span orders of magnitude.
    """

    id: str
    what: str
    signals: tuple[tuple[str, str], ...]
    y_label: str
    caption: str
    log: bool = True


GRADIENTS = Group(
    "gradients",
    "Gradient norms",
    (
        ("actor/grad_norm", "actor"),
        ("critic/grad_norm", "critic"),
        ("actor_encoder/grad_norm", "actor CNN"),
        ("critic_encoder/grad_norm", "critic CNN"),
    ),
    "gradient norm",
    "Global L2 norm per module, read before the optimizer's step.",
)
DRIFT = Group(
    "drift",
    "CNN weight drift",
    (("actor_encoder/drift", "actor CNN"), ("critic_encoder/drift", "critic CNN")),
    "distance from start",
    "Distance of the weights from their start over the norm of the start; 0 after learning began "
    "means a CNN that does not learn.",
    log=False,
)
SPREAD = Group(
    "spread",
    "Q-value spread of the twin critics",
    (("critic/q_spread", "|Q1 - Q2|"),),
    "|Q1 - Q2|",
    "Mean absolute difference of the two critics over a batch, in units of return.",
)
SIGNALS = (GRADIENTS, DRIFT, SPREAD)

COLORS = {"actor": 0, "critic": 1, "actor CNN": 2, "critic CNN": 3}


def signal_figure(group: Group, sides: Sequence[Side]) -> Figure:
    """Returns a group of signals, a panel per side."""
    panels = [_signal_panel(group, side) for side in sides]
    values = np.concatenate([[], *(s.values for side in sides for s in _signals(group, side))])
    scale = scale_of(values, group.log)
    odd = int(np.sum(~np.isfinite(values)))
    caption = group.caption + _thinned(panels)
    caption += f" {plural(odd, 'value')} not finite, left out." if odd else ""
    return _figure(group.id, _signal_title(group, sides), caption, panels, sides, scale)


def _signals(group: Group, side: Side) -> list[Signal]:
    names = [name for name, _ in group.signals]
    return [r.signals[name] for r in side.records for name in names if r.has(name)]


def _signal_panel(group: Group, side: Side) -> Panel:
    marks = []
    for name, label in group.signals:
        for record in side.records:
            if record.has(name):
                signal = record.signals[name]
                color = COLORS.get(label, side.color)
                dashed = label.endswith("CNN")
                marks.append(curve(label, _float(signal.steps), signal.values, color, dashed))
    units = sorted({signal.unit for signal in _signals(group, side)} - {"", "1"})
    label = group.y_label + (f" ({', '.join(units)})" if units else "")
    empty = "" if marks else why_empty(side.first, group.signals[0][0])
    return _panel(side, label, tuple(marks), empty)


def why_empty(record: RunRecord, name: str) -> str:
    """Returns why a run has no values of a signal."""
    if name.startswith(("actor", "critic")) and record.outcome.critic_updates == 0:
        starts = record.config.get("agent.learning_starts")
        steps = record.outcome.executed_steps
        if isinstance(starts, int) and isinstance(steps, int) and starts >= steps:
            return (
                f"0 updates were executed: learning starts after {starts:,} steps, "
                f"the run has {steps:,}"
            )
        return "0 updates were executed"
    return f"this run did not record {name}"


def _signal_title(group: Group, sides: Sequence[Side]) -> str:
    """Returns what the signal did, such as "CNN weight drift at the end: fixed 0.12"."""
    parts = []
    for side in sides:
        ends = [
            f"{label} {number(value)}"
            for name, label in group.signals
            if math.isfinite(value := _end(side, name))
        ]
        if len(group.signals) == 1:
            ends = [end.removeprefix(group.signals[0][1]).strip() for end in ends]
        parts.append(f"{side.name} {', '.join(ends) or 'not measured'}")
    if not any(_signals(group, side) for side in sides):
        return f"{group.what}: not measured"
    return f"{group.what} at the end: {'; '.join(parts)}"


def _end(side: Side, name: str) -> float:
    """Returns the median over seeds of the median of the last fifth of a signal."""
    ends = [r.signals[name].tail(0.2).median() for r in side.records if r.has(name)]
    return float(np.median(ends)) if ends else math.nan


def episode_figure(column: Quantity, sides: Sequence[Side]) -> Figure:
    """Returns return or length of every training episode with its running median."""
    panels = []
    for side in sides:
        marks: list[Series] = []
        for record in side.records:
            ends, values = _float(record.episodes["end_step"]), _float(record.episodes[column])
            if np.isfinite(values).any():
                marks.append(dots("episode", ends, values, 6))
                marks += _trends(record, column, side.color)
        empty = "" if marks else "no episode is recorded"
        unit = " (steps)" if column == "length" else ""
        panels.append(_panel(side, f"episode {column}{unit}", tuple(marks), empty, column))
    values = np.concatenate([[], *(_float(r.episodes[column]) for s in sides for r in s.records)])
    title = f"Episode {column}: " + "; ".join(f"{s.name} {_by_phase(s, column)}" for s in sides)
    caption = "A dot per training episode at the step where it ended; "
    caption += "line: running median over a twentieth of the episodes of its phase."
    scale = scale_of(values, log=True)
    return _figure(f"episode-{column}", title, caption, panels, sides, scale)


def _trends(record: RunRecord, column: str, color: int) -> list[Series]:
    """Returns a running median per phase: across the first update it would mix two policies."""
    tables = [record.episodes_in(phase) for phase in record.phases] or [record.episodes]
    return [
        trend("running median", _float(table["end_step"]), _float(table[column]), color)
        for table in tables
        if len(table)
    ]


def _by_phase(side: Side, column: str) -> str:
    """Returns the medians before and after the first update."""
    parts = []
    for phase in side.first.phases:
        values = _episodes(side, phase)[column].dropna()
        if len(values):
            words = {"random": "before learning", "learning": "learning"}[phase.name]
            parts.append(f"{number(float(values.median()))} {words}")
    if parts:
        return ", ".join(parts)
    tables = [r.episodes[column] for r in side.records]
    values = pd.concat(tables).dropna()
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
    title = "Episode lengths: " + "; ".join(f"{s.name} {_by_phase(s, 'length')}" for s in sides)
    caption = "Share of a phase's episodes per length; the line marks their median."
    return Figure("histogram", title, caption, share_axes(panels), shared_steps=False)


def _lengths(side: Side, phase: str) -> Values:
    tables = [
        record.episodes_in(own)["length"]
        for record in side.records
        for own in record.phases
        if own.name == phase
    ]
    return _float(pd.concat(tables).dropna()) if tables else np.array([])


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
    kept = tuple(panel for panel in panels if panel.marks)
    counts = [f"{s.name} {sum(len(r.evaluations) for r in s.records)}" for s in sides]
    title = f"Evaluations without exploration noise ({', '.join(counts)})"
    if not kept:
        kept = (panels[0],)
    caption = "Each point is one evaluation on held-out routes; lines join those of one run."
    return Figure("evaluations", title, caption, kept)


def _evaluated(measure: Measure, sides: Sequence[Side]) -> Panel:
    marks: list[Series] = []
    for side in sides:
        for record in side.records:
            x = _float(record.evaluations["step"])
            y = measure.factor * _float(record.evaluations[measure.column])
            if np.isfinite(y).any():
                marks.append(Series(side.name, x, y, side.color))
                marks.append(Series(side.name, x, y, side.color, "points"))
    empty = "" if marks else "no evaluation took place"
    panel = Panel(measure.title, STEPS, measure.y_label, tuple(marks), empty=empty)
    panel = share_axes([panel], _last(sides))[0]
    return replace(panel, y_range=(-2.0, 102.0)) if measure.factor == 100 else panel


def _figure(
    id: str, title: str, caption: str, panels: list[Panel], sides: Sequence[Side], scale: Scale
) -> Figure:
    scaled = [replace(panel, y_scale=scale) for panel in panels]
    return Figure(id, title, caption, share_axes(scaled, _last(sides)))


def _panel(
    side: Side, y_label: str, marks: tuple[Series, ...], empty: str, column: str = ""
) -> Panel:
    shades = tuple(
        Shade(p.name, p.first_step - 1.0, float(p.last_step), p.name == "learning")
        for p in side.first.phases
    )
    bands = tuple(
        Band("expected", e.first - 1.0, float(e.last), e.low, e.high)
        for e in PROGRESSION
        if e.quantity == column
    )
    bands = bands if marks else ()
    title = f"{side.name}, {plural(len(side.runs), 'seed')}" if len(side.runs) > 1 else side.name
    return Panel(title, STEPS, y_label, marks, shades, bands, empty=empty)


def _thinned(panels: Sequence[Panel]) -> str:
    ribbons = [m for p in panels for m in p.marks if isinstance(m, Series) and m.low is not None]
    return " Line: median of a short stretch; ribbon: least to greatest." if ribbons else ""


def _last(sides: Sequence[Side]) -> float:
    return max(side.last_step() for side in sides)


def _float(column: object) -> Values:
    return np.asarray(column, dtype=np.float64)
