"""Whether training episodes change where an evaluation took place."""

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import MIN_EPISODES, Floats, column, too_few, vacuous
from rca.runs.record import RunRecord
from rca.stats import at_least_p, shifts

FACTOR = 2.0
MOST_COVERED = 0.5
"""Share of the run within one episode of an evaluation; beyond it nearness says nothing."""
BY_CHANCE = 0.1
"""Chance of as many changes there, if they fell anywhere, below which they are told: a WARN, which
one sound run in ten may have."""


@check(
    "evaluation.episode_shift",
    title="Episodes change after evaluations",
    needs=["episodes.length", "episodes.start_step", "evaluations.step"],
    severity=Severity.CRITICAL,
)
def episode_shift(run: RunRecord) -> Finding:
    """Do training episodes stay of one kind across an evaluation?

    Why: an evaluation measures; it must not change what is measured.
    Remedy: give the evaluation a simulator of its own, or restore world and settings after it.
    Reference: change points in log length (ruptures, rank-sum p < 0.01 corrected, factor 2) whose
        first episode starts within the longest episode's length after an evaluation, and not at
        the first update, if so many of all changes would fall there by chance in less than 10% of
        runs (binomial). WARN: nearness in time is no proof; evaluation.control is.
    """
    table = column(run.episodes, "length", "start_step")
    table = table[table[:, 0] > 0]
    few = too_few(len(table), MIN_EPISODES, "episodes")
    if few:
        return few
    at = np.sort(column(run.evaluations, "step"))
    reach = float(table[:, 0].max())
    steps = float(table[-1, 0] + table[-1, 1])
    covered = min(1.0, len(at) * reach / max(steps, 1))
    if covered > MOST_COVERED:
        return vacuous(
            f"{covered:.0%} of the run lies within {reach:,.0f} steps of {len(at)} evaluations"
        )
    return _judge(table, at, reach, covered, run.first_update_step())


def _judge(table: Floats, at: Floats, reach: float, covered: float, first: int | None) -> Finding:
    found = [s for s in shifts(np.log(table[:, 0])) if abs(s.after - s.before) > np.log(FACTOR)]
    starts = np.array([table[shift.index, 1] for shift in found])
    after = (
        at[np.maximum(np.searchsorted(at, starts, side="right") - 1, 0)] if len(starts) else starts
    )
    learning = np.zeros(len(starts), bool) if first is None else np.abs(starts - first) <= reach
    near = (starts >= after) & (starts - after <= reach) & ~learning
    num = int(near.sum())
    message = f"{num} of {len(found)} changes follow an evaluation by up to {reach:,.0f} steps"
    message += f", which is {covered:.0%} of the run"
    if not num:
        return Finding(Verdict.PASS, message, 0, 0)
    chance = at_least_p(num, len(found), covered)
    if chance >= BY_CHANCE:
        return vacuous(f"{message}; by chance so many do in {chance:.0%} of runs")
    which = int(np.flatnonzero(near)[0])
    before, later = np.exp(found[which].before), np.exp(found[which].after)
    message += (
        f"; first: median {before:,.0f} to {later:,.0f} steps from step {starts[which] + 1:,.0f} "
        f"on, evaluation at {after[which]:,.0f}"
    )
    suspects = ("evaluation_disturbs_simulator", "simulator_asynchronous")
    onset = int(starts[which]) + 1
    return Finding(Verdict.WARN, message, num, 0, "", None, onset, suspects)
