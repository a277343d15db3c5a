"""The seed's own tests and stages of a run, and what it expects of each (seed.md)."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rca.checking import Finding, Verdict
from rca.judging import (
    Criterion,
    Floats,
    column,
    judge_criteria,
    learned_episodes,
    mean,
    median,
    random_episodes,
    void,
)
from rca.runs.record import RunRecord

if TYPE_CHECKING:
    import pandas as pd


def within(
    what: str,
    value: float,
    low: float,
    high: float,
    *,
    control: float | None = None,
    form: str = ",.0f",
) -> Criterion:
    """Returns whether a value lies in [low, high] where a random policy's does not.

    Args:
        what: Names the value, as in `median length`.
        value: Judged; NaN: not recorded.
        low: Lower limit, inclusive.
        high: Upper limit, inclusive; infinity: none.
        control: The same measure in the random phase; NaN: unknown, None: not asked for. What a
            random policy reaches as well, or may reach, cannot show that something was learned.
        form: How the numbers are written.
    """
    if math.isnan(value):
        return Criterion(f"{what} is not recorded", None)
    wanted = f"at least {low:{form}}" if high == math.inf else f"{low:{form}} to {high:{form}}"
    text = f"{what} {value:{form}}, wanted {wanted}"
    if not low <= value <= high:
        return Criterion(text, False)
    if control is not None and math.isnan(control):
        return Criterion(f"{text}, but what random actions reach is not known", None)
    if control is not None and low <= control <= high:
        return Criterion(f"{text}, but random actions reach {control:{form}} too", None)
    return Criterion(text, True)


def foreign_scale(run: RunRecord, returns: Floats) -> Criterion | None:
    """Returns why the seed's limits on returns do not hold for our own runs, None for others."""
    if run.kind != "rca":
        return None
    text = f"mean return {mean(returns):,.1f}: the seed's limits are for its reward, not for ours"
    return Criterion(text if len(returns) else "mean return is not recorded", None)


def not_reached(run: RunRecord, steps: int, size: str) -> Finding | None:
    """Returns the answer for a test that is longer than the run, None if the run reached it.

    Args:
        run: Judged.
        steps: Environment steps of the test.
        size: What `rca run` calls a run of that length.
    """
    done, status = run.outcome.executed_steps, run.outcome.status
    if done is None:
        return Finding(Verdict.NOT_RUN, "not recorded: how many steps took place")
    if done >= steps:
        return None
    if status == "crashed" and (run.outcome.planned_steps or 0) >= steps:
        return Finding(Verdict.FAIL, f"crashed at step {done:,} of {steps:,}: {run.outcome.error}")
    message = f"the run has {done:,} of the test's {steps:,} steps; run `rca run {size}`"
    return Finding(Verdict.NOT_RUN, message)


def crash(run: RunRecord, steps: int) -> Criterion:
    """Returns whether the first steps of a run that reached them went without a crash."""
    crashed = run.outcome.status == "crashed" and run.outcome.executed_steps == steps
    return Criterion(f"{'a' if crashed else 'no'} crash within {steps:,} steps", not crashed)


@dataclass(frozen=True)
class Stage:
    """What the seed expects of a stretch of 10,000 steps (seed.md, "Expected Progression")."""

    first: int
    last: int
    length: tuple[float, float]
    mean_return: tuple[float, float]
    success: tuple[float, float]


def judge_stage(run: RunRecord, stage: Stage) -> Finding:
    """Returns whether a run's learning phase keeps within what the seed expects of a stage."""
    missing = not_reached(run, stage.last, "full")
    if missing:
        return missing
    where = (stage.first, stage.last)
    table = run.episodes
    inside = table[(table["end_step"] >= stage.first) & (table["end_step"] <= stage.last)]
    reason = void(run, by=stage.last)
    if reason:
        typical = median(column(inside, "length"))
        text = f"median length {typical:,.0f} of {len(inside):,} random episodes; {reason}"
        return judge_criteria([Criterion(text, None)], steps=where)
    learned, control = learned_episodes(run, *where), random_episodes(run)
    criteria = [
        _staged("median length", stage.length, learned, control, "length"),
        foreign_scale(run, column(learned, "return"))
        or _staged("mean return", stage.mean_return, learned, control, "return"),
        _staged("success", stage.success, learned, control, "success"),
    ]
    return judge_criteria(criteria, steps=where)


def _staged(
    what: str,
    limits: tuple[float, float],
    learned: "pd.DataFrame",
    control: "pd.DataFrame",
    name: str,
) -> Criterion:
    typical = median if name == "length" else mean
    form = ".1%" if name == "success" else ",.0f"
    # More success or return than expected is no fault; a longer episode may be an idle one.
    high = limits[1] if name == "length" else math.inf
    value, random = typical(column(learned, name)), typical(column(control, name))
    # A lower limit of 0% excludes nobody, so random actions need not be kept out by it.
    control_value = random if limits[0] else None
    return within(what, value, limits[0], high, control=control_value, form=form)
