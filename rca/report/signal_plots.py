"""Signals over time: records -> figures as plain data, each with its finding as title."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rca.report.chart import Bars, Figure, Panel, Series, Values
from rca.report.curves import curve, scale_of, share_axes
from rca.report.groups import Group
from rca.report.panels import floats, last_step, step_figure, step_panel
from rca.report.sides import Side
from rca.report.wording import number, plural
from rca.runs.record import RunRecord, Signal

PROBED = "probed/"
"""Before the names of signals of the gradient probe, read over its own updates after the run."""
WINDOWS = 40
"""Stretches of the run that reward terms are averaged over."""


def recorded(group: Group, sides: Sequence[Side], prefix: str = "") -> bool:
    """Tells whether any side has any of a group's signals."""
    return any(_signals(group, side, prefix) for side in sides)


def signal_figure(group: Group, sides: Sequence[Side]) -> Figure:
    """Returns a group of signals over environment steps, a panel per side."""
    panels = [
        step_panel(side, _label(group, side), _curves(group, side), _why(group, side))
        for side in sides
    ]
    values = _all_values(group, sides)
    caption = group.caption + _thinned(panels) + _not_finite(values)
    scale = scale_of(values, group.log)
    return step_figure(group.id, _title(group, sides), caption, panels, last_step(sides), scale)


def probed_figure(group: Group, sides: Sequence[Side]) -> Figure:
    """Returns what the gradient probe saw after the run, over its own updates."""
    panels = [
        replace(
            step_panel(
                side, _label(group, side, PROBED), _curves(group, side, PROBED), "not asked"
            ),
            x_label="updates on a copy of the agent",
            shades=(),
        )
        for side in sides
    ]
    scale = scale_of(_all_values(group, sides, PROBED), group.log)
    scaled = [replace(panel, y_scale=scale) for panel in panels]
    caption = (
        f"{group.caption} Not part of the run: it made a few updates on a copy of the agent "
        "afterwards, on what it had collected, to show whether gradients flow at all."
    )
    title = f"Probed after the run: {_title(group, sides, PROBED)}"
    return Figure(f"{group.id}-probed", title, caption, share_axes(scaled), shared_steps=False)


def _signals(group: Group, side: Side, prefix: str = "") -> list[Signal]:
    names = [prefix + item.signal for item in group.curves]
    return [r.signals[name] for r in side.records for name in names if r.has(name)]


def _curves(group: Group, side: Side, prefix: str = "") -> list[Series]:
    return [
        curve(
            item.label,
            floats(record.signals[prefix + item.signal].steps),
            item.factor * record.signals[prefix + item.signal].values,
            side.color if item.color is None else item.color,
            item.dashed,
            len(side.records),
        )
        for item in group.curves
        for record in side.records
        if record.has(prefix + item.signal)
    ]


def _all_values(group: Group, sides: Sequence[Side], prefix: str = "") -> Values:
    """Returns every value that is drawn, for the choice of an axis."""
    parts = [
        item.factor * record.signals[prefix + item.signal].values
        for side in sides
        for record in side.records
        for item in group.curves
        if record.has(prefix + item.signal)
    ]
    return np.concatenate([[], *parts])


def _label(group: Group, side: Side, prefix: str = "") -> str:
    units = sorted({signal.unit for signal in _signals(group, side, prefix)} - {"", "1"})
    return group.y_label + (f" ({', '.join(units)})" if units else "")


def _why(group: Group, side: Side) -> str:
    return why_empty(side.first, group.curves[0].signal)


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


def _title(group: Group, sides: Sequence[Side], prefix: str = "") -> str:
    """Returns where the signals ended, such as "CNN weight drift at the end: fixed 0.12"."""
    if not recorded(group, sides, prefix):
        return f"{group.what}: not measured"
    parts = []
    for side in sides:
        unit = next((signal.unit for signal in _signals(group, side, prefix)), "")
        ends = [
            f"{item.label} {number(value)}" if len(group.curves) > 1 else number(value, unit)
            for item in group.curves
            if math.isfinite(value := item.factor * _end(side, prefix + item.signal))
        ]
        parts.append(f"{side.name} {', '.join(ends) or 'not measured'}")
    return f"{group.what} at the end: {'; '.join(parts)}"


def _end(side: Side, name: str) -> float:
    """Returns the median over seeds of the median of the last fifth of a signal."""
    ends = [r.signals[name].tail(0.2).median() for r in side.records if r.has(name)]
    return float(np.median(ends)) if ends else math.nan


def _thinned(panels: Sequence[Panel]) -> str:
    ribbons = [m for p in panels for m in p.marks if isinstance(m, Series) and m.low is not None]
    return " Line: median of a short stretch; ribbon: least to greatest." if ribbons else ""


def _not_finite(values: Values) -> str:
    odd = int(np.sum(~np.isfinite(values)))
    return f" {plural(odd, 'value')} not finite, left out." if odd else ""


def reward_terms(sides: Sequence[Side]) -> list[str]:
    """Returns the names of the reward's parts that any side recorded."""
    names = {n for side in sides for record in side.records for n in record.signals}
    return sorted(name for name in names if name.startswith("reward/"))


def reward_figure(sides: Sequence[Side]) -> Figure:
    """Returns the reward's parts per step, stacked, costs below and gains above zero."""
    names, last = reward_terms(sides), last_step(sides)
    edges = np.linspace(0.0, last, WINDOWS + 1)
    panels = []
    for side in sides:
        bars = [_term(side, name, edges, i) for i, name in enumerate(names)]
        drawn = [bar for bar in bars if np.any(bar.heights)]
        panel = step_panel(side, "reward per step", drawn, "this run did not record reward terms")
        panels.append(replace(panel, stacked=True))
    means = [f"{side.name} {_largest(side, names)}" for side in sides]
    caption = f"Mean of each part of the reward per step, over {WINDOWS} stretches of the run."
    title = f"Largest part of the reward: {'; '.join(means)}"
    return step_figure("reward", title, caption, panels, last)


def _term(side: Side, name: str, edges: Values, index: int) -> Bars:
    found = [record.signals[name] for record in side.records if record.has(name)]
    steps = np.concatenate([[], *(signal.steps for signal in found)])
    values = np.nan_to_num(np.concatenate([[], *(signal.values for signal in found)]))
    counts = np.histogram(steps, edges)[0]
    sums = np.histogram(steps, edges, weights=values)[0]
    return Bars(name.removeprefix("reward/"), edges, sums / np.maximum(counts, 1), index % 8)


def _largest(side: Side, names: Sequence[str]) -> str:
    sums = {
        name: float(np.nansum([np.nansum(r.signals[name].values) for r in side.records]))
        for name in names
        if all(record.has(name) for record in side.records)
    }
    if not sums:
        return "not measured"
    name = max(sums, key=lambda key: abs(sums[key]))
    return f"{name.removeprefix('reward/')} ({number(sums[name])} in all)"
