"""The first screen: one sentence, and four outcomes with what they rest on."""

import math
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from rca.checking import Verdict
from rca.report.chart import Values
from rca.report.model import Tally, Tile, Tiles
from rca.report.sides import ORDER, TONES, Side, badge, checks_of
from rca.report.wording import NOT_MEASURED, Tone, listing, number, plural, signed
from rca.runs.record import RunRecord

UP, DOWN = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}"


@dataclass(frozen=True)
class Metric:
    """An outcome and the columns that hold it.

    Attributes:
        label: For the tile.
        unit: Of its values.
        evaluation: Column of the evaluation table.
        episode: Column of the episode table.
        middle: How training episodes are summed up: lengths and returns have several modes, of
            which a mean would hit none.
        judged: Whether more is better. Not of lengths: an episode is long because the car survives,
            or because it stands, and short because it fails, or because it is soon there.
    """

    label: str
    unit: str
    evaluation: str
    episode: str
    middle: Literal["median", "mean"] = "median"
    judged: bool = True


METRICS = (
    Metric("Return", "", "mean_return", "return"),
    Metric("Episode length", "steps", "mean_length", "length", judged=False),
    Metric("Success", "%", "success_rate", "success", middle="mean"),
    Metric("Distance", "m", "mean_distance", "distance"),
)


def tiles(sides: tuple[Side, ...]) -> Tiles:
    """Returns the outcomes, each measured in the same way on all sides."""
    return Tiles(tuple(_tile(metric, sides) for metric in METRICS))


def _tile(metric: Metric, sides: tuple[Side, ...]) -> Tile:
    evaluated = all(_measured(r.evaluations, metric.evaluation) for s in sides for r in s.records)
    per_side = [np.array([_value(r, metric, evaluated) for r in s.records]) for s in sides]
    values = [float(np.mean(column)) for column in per_side]
    shown = tuple((s.name, number(v, metric.unit)) for s, v in zip(sides, values, strict=True))
    if all(math.isnan(value) for value in values):
        return Tile(metric.label, shown, "", "neither evaluation nor training recorded it")
    note = _note(metric, sides, evaluated)
    if len(sides) == 1:
        return Tile(metric.label, shown, "", note)
    difference, direction, tone = _difference(per_side[0], per_side[1], metric)
    return Tile(metric.label, shown, difference, note, direction, tone)


def _measured(table: pd.DataFrame, column: str) -> bool:
    return len(table) > 0 and bool(np.isfinite(table[column].iloc[-1]))


def _value(record: RunRecord, metric: Metric, evaluated: bool) -> float:
    if evaluated:
        return float(record.evaluations[metric.evaluation].iloc[-1])
    values = record.episodes[metric.episode].dropna()
    return float(values.agg(metric.middle)) if len(values) else math.nan


def _note(metric: Metric, sides: tuple[Side, ...], evaluated: bool) -> str:
    if evaluated:
        steps = [f"{s.first.evaluations['step'].iloc[-1]:,.0f}" for s in sides]
        return f"last evaluation, at step {' / '.join(dict.fromkeys(steps))}"
    counts = [f"{sum(_episodes(r, metric) for r in s.records):,}" for s in sides]
    what = "share" if metric.unit == "%" else metric.middle
    return f"{what} of {' / '.join(counts)} training episodes"


def _episodes(record: RunRecord, metric: Metric) -> int:
    return int(record.episodes[metric.episode].notna().sum())


def _difference(before: Values, after: Values, metric: Metric) -> tuple[str, str, Tone]:
    """Returns fixed minus baseline with Welch's 95% interval (two seeds a side), and which way."""
    unit = metric.unit
    difference = float(np.mean(after) - np.mean(before))
    if math.isnan(difference):
        return NOT_MEASURED, "", ""
    text = signed(difference, unit).replace(" %", " points")
    way = f"{UP} higher" if difference > 0 else f"{DOWN} lower" if difference < 0 else "equal"
    if min(len(before), len(after)) < 2:
        return text, f"{way}; one run is no proof", "muted"
    if np.ptp(before) + np.ptp(after) == 0:
        return text, f"{way}; the seeds do not differ", "muted"
    with warnings.catch_warnings():
        # Seeds of a side may agree to the last digit, of which scipy warns; the other's then count.
        warnings.filterwarnings("ignore", message="Precision loss", category=RuntimeWarning)
        interval = stats.ttest_ind(after, before, equal_var=False).confidence_interval(0.95)
    low, high = (signed(float(edge), unit).removesuffix(f" {unit}") for edge in interval)
    text = f"{text} [{low}, {high}]"
    if interval.low <= 0 <= interval.high:
        return text, f"{way}; may be chance", "muted"
    if not metric.judged:
        return text, f"{way}; more than chance", "muted"
    return (text, f"{UP} better", "good") if difference > 0 else (text, f"{DOWN} worse", "bad")


def verdict(sides: tuple[Side, ...]) -> tuple[str, Tone]:
    """Returns what these runs show, in one sentence, and whether that is good."""
    last = sides[-1]
    if last.updates() == 0:
        name = "this run" if len(sides) == 1 else f"the {last.name} run"
        return (
            f"Undecided: {name} executed 0 updates, so nothing in it is about learning",
            "void",
        )
    return _alone(last) if len(sides) == 1 else _compared(*sides)


def _alone(side: Side) -> tuple[str, Tone]:
    failed = _titles([side], side, Verdict.FAIL)
    count = sum(side.count().values())
    if failed:
        return f"{plural(len(failed), 'check')} of {count} fail, first: {_named(failed)}", "bad"
    return _unseen(side, f"None of {plural(count, 'check')} fails")


def _compared(before: Side, after: Side) -> tuple[str, Tone]:
    sides = [before, after]
    failed, failed_before = (_titles(sides, side, Verdict.FAIL) for side in (after, before))
    passed_before = [*_titles(sides, before, Verdict.PASS), *_titles(sides, before, Verdict.WARN)]
    new = [title for title in failed if title in passed_before]
    if new:
        count = plural(len(new), "check")
        return f"The fixed run fails {count} that the baseline did not fail: {_named(new)}", "bad"
    if failed:
        was = f"{plural(len(failed), 'check')}, the baseline {len(failed_before)}"
        return f"Not solved: the fixed run fails {was}; first: {_named(failed)}", "bad"
    if failed_before:
        gone = f"The fixed run no longer fails the {plural(len(failed_before), 'check')}"
        return _unseen(after, f"{gone} that the baseline failed")
    return _unseen(after, "No check fails on either side")


def _unseen(side: Side, sentence: str) -> tuple[str, Tone]:
    """Adds what could not be judged: only a PASS is a pass."""
    count = side.count()
    unseen = sum(count.values()) - count[Verdict.PASS] - count[Verdict.WARN] - count[Verdict.FAIL]
    if unseen:
        return f"{sentence}, but {unseen} of {sum(count.values())} could not be judged", "warn"
    return sentence, "warn" if count[Verdict.WARN] else "good"


def _titles(sides: list[Side], side: Side, wanted: Verdict) -> list[str]:
    return [c.title for c in checks_of(sides) if side.worst(c.id) is wanted]


def _named(titles: list[str]) -> str:
    shown = [title[0].lower() + title[1:] for title in titles[:2]]
    rest = len(titles) - len(shown)
    return listing(shown) if not rest else f"{', '.join(shown)} and {rest} more"


def lead(sides: tuple[Side, ...]) -> tuple[str, ...]:
    """Returns what the verdict rests on and what these runs cannot show."""
    lines = []
    seeds = min(len(side.runs) for side in sides)
    if len(sides) == 2 and seeds == 1:
        lines.append(
            "One run a side: differences below are what was seen, not proof of an effect. Two "
            "seeds of one configuration differ too; 3 to 5 seeds a side can tell the two apart."
        )
    elif len(sides) == 2:
        lines.append(
            f"{seeds} seeds a side. Square brackets: 95% interval of the difference (Welch); "
            "one that holds 0 leaves open whether the change did anything."
        )
    return tuple(lines)


def tallies(sides: tuple[Side, ...]) -> tuple[Tally, ...]:
    """Returns how many checks of each side have which verdict."""
    return tuple(
        Tally(side.name, tuple((badge(v), TONES[v], count[v]) for v in ORDER if count[v]))
        for side in sides
        for count in [side.count()]
    )


def subjects(sides: tuple[Side, ...]) -> tuple[tuple[str, str], ...]:
    """Returns a line per run: what it is and how much of it took place."""
    return tuple((side.name, _subject(record)) for side in sides for record in side.records)


def _subject(record: RunRecord) -> str:
    outcome = record.outcome
    steps = "unknown" if outcome.executed_steps is None else f"{outcome.executed_steps:,}"
    if outcome.planned_steps not in (None, outcome.executed_steps):
        steps += f" of {outcome.planned_steps:,}"
    known = outcome.critic_updates
    updates = "critic updates not recorded" if known is None else f"{known:,} critic updates"
    kind = "our run" if record.kind == "rca" else "recording"
    status = "" if outcome.status == "unknown" else f", {outcome.status}"
    seed = record.provenance.get("seed", record.config.get("budget.seed"))
    tail = "" if seed is None else f", seed {seed}"
    count = f"{len(record.episodes):,} episodes"
    return f"{record.id}: {kind}{status}, {steps} steps, {count}, {updates}{tail}"
