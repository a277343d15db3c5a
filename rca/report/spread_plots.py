"""Histograms over the run: records -> figures as plain data, each with its finding as title."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rca.probes.histogram import Histogram
from rca.report.chart import Figure, Series
from rca.report.curves import MAX_POINTS, MIN_POINTS
from rca.report.panels import last_step, step_figure, step_panel
from rca.report.sides import Side
from rca.report.signal_plots import why_empty
from rca.report.wording import number

MOST = (0.05, 0.5, 0.95)
ALL = (0.0, 0.5, 1.0)
"""Lower edge of the ribbon, line, upper edge, as shares of the values."""


@dataclass(frozen=True)
class Spreads:
    """Histograms that are read together.

    Attributes:
        id: Of the figure.
        what: They show, for its title.
        parts: What is drawn of each, by name.
        caption: What to look for.
        shares: Of the values, what the ribbon and the line mark.
    """

    id: str
    what: str
    parts: Mapping[str, str]
    caption: str
    shares: tuple[float, float, float] = MOST


SPREADS = (
    Spreads(
        "actions-evaluated",
        "Actions of the policy in evaluations",
        {"evaluation/action/0": "steering", "evaluation/action/1": "pedal"},
        "Without exploration noise, drawn from the last thousand steps of each evaluation. A line "
        "at -1 or 1 without a ribbon is a policy that does one thing whatever it sees.",
    ),
    Spreads(
        "rewards-stored",
        "Rewards that are learned from",
        {"replay/reward": "reward"},
        "Of transitions drawn from the replay. A few that are far beyond all others rule the "
        "critic's loss.",
        ALL,
    ),
    Spreads(
        "values-stored",
        "Q1 of stored transitions",
        {"critic/q1": "Q1"},
        "What the first critic thinks of transitions drawn from the replay. A ribbon that stays "
        "thin while rewards differ is a critic that tells states no more apart.",
    ),
)


def spread_figures(sides: Sequence[Side]) -> list[Figure]:
    """Returns a figure for each kind of histogram that any side has."""
    return [_figure(wanted, sides) for wanted in SPREADS if any(_of(wanted, s) for s in sides)]


def _figure(wanted: Spreads, sides: Sequence[Side]) -> Figure:
    first = next(iter(wanted.parts))
    panels = [
        step_panel(side, _unit(wanted, side), _curves(wanted, side), why_empty(side.first, first))
        for side in sides
    ]
    low, _, high = wanted.shares
    ribbon = "least to greatest" if wanted.shares == ALL else f"{low:.0%} to {high:.0%}"
    title = f"{wanted.what} at the end, {ribbon}: " + "; ".join(
        f"{side.name} {_end(wanted, side)}" for side in sides
    )
    caption = f"{wanted.caption} Line: median; ribbon: {ribbon} of the values at each evaluation."
    return step_figure(wanted.id, title, caption, panels, last_step(sides))


def _of(wanted: Spreads, side: Side) -> list[Histogram]:
    return [h for record in side.records for h in record.histograms if h.name in wanted.parts]


def _unit(wanted: Spreads, side: Side) -> str:
    unit = next((h.unit for h in _of(wanted, side) if h.unit not in ("", "1")), "")
    label = " and ".join(wanted.parts.values())
    return f"{label} ({unit})" if unit and unit not in label else label


def _curves(wanted: Spreads, side: Side) -> list[Series]:
    """Returns a curve per seed and quantity with a point per evaluation, as there may be one."""
    curves = []
    points = max(MIN_POINTS, MAX_POINTS // len(side.records))
    for record in side.records:
        for place, (name, label) in enumerate(wanted.parts.items()):
            found = [h for h in record.histograms if h.name == name]
            found = found[:: -(-len(found) // points) or 1]
            if found:
                low, middle, high = np.array([h.quantiles(wanted.shares) for h in found]).T
                steps = np.array([h.step for h in found], np.float64)
                color = side.color + 2 * place
                curves.append(Series(label, steps, middle, color, "line", low, high))
                curves.append(Series(label, steps, middle, color, "points"))
    return curves


def _end(wanted: Spreads, side: Side) -> str:
    """Returns where the last histograms lie, the median over the seeds that have one."""
    ends = []
    for name, label in wanted.parts.items():
        found = [[h for h in r.histograms if h.name == name][-1:] for r in side.records]
        last = np.array([h.quantiles(wanted.shares) for one in found for h in one])
        if len(last):
            low, _, high = np.median(last, axis=0)
            spans = f"{number(low)} to {number(high)}" if np.isfinite(low) else "no finite value"
            odd = sum(h.not_finite for one in found for h in one)
            left_out = f" ({odd:,} NaN or infinite)" if odd else ""
            ends.append(f"{label} {spans}{left_out}")
    return ", ".join(ends) or "not measured"
