"""Whether training episodes change where an evaluation took place."""

import numpy as np
from numpy.typing import NDArray

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import MIN_EPISODES, Floats, column, too_few, vacuous
from rca.runs.record import RunRecord
from rca.stats import Shift, at_least_p, shifts

FACTOR = 2.0
FIRST = 2
"""Episodes behind an evaluation that count as following it: a change is found to one episode."""
MOST = 0.5
"""Share of the episodes that follow one; beyond it nearness says nothing."""
BY_CHANCE = 0.05
"""Chance of as many changes there, if they fell anywhere, below which they are told."""


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
    Reference: change points in log length (ruptures, rank-sum p < 0.01 corrected, factor 2), those
        within the longest episode's length of the first update left out, that are the first or
        second episode behind an evaluation, if by chance so many would be in less than 5% of runs
        (binomial). WARN: nearness in time is no proof; evaluation.control is.
    """
    table = column(run.episodes, "length", "start_step")
    table = table[table[:, 0] > 0]
    table = table[np.argsort(table[:, 1], kind="stable")]  # several environments end out of turn
    few = too_few(len(table), MIN_EPISODES, "episodes")
    if few:
        return few
    at = np.sort(column(run.evaluations, "step"))
    first, reach = run.first_update_step(), float(table[:, 0].max())
    judged = np.abs(table[:, 1] - (np.inf if first is None else first)) > reach
    following = _following(table[:, 1], at) & judged
    share = float(following.sum() / max(judged.sum(), 1))
    if share > MOST:
        return vacuous(f"{share:.0%} of the episodes follow an evaluation")
    found = [s for s in shifts(np.log(table[:, 0])) if abs(s.after - s.before) > np.log(FACTOR)]
    return _judge([s for s in found if judged[s.index]], table[:, 1], at, following, share)


def _following(starts: Floats, at: Floats) -> NDArray[np.bool_]:
    """Tells which episodes are the first ones behind an evaluation."""
    places = np.searchsorted(starts, at, side="left")[:, None] + np.arange(FIRST)
    return np.isin(np.arange(len(starts)), places)


def _judge(
    found: list[Shift], starts: Floats, at: Floats, following: NDArray[np.bool_], share: float
) -> Finding:
    near = [shift for shift in found if following[shift.index]]
    message = f"{len(near)} of {len(found)} changes begin with the first or second episode behind "
    message += f"an evaluation, as {share:.0%} of all episodes do"
    if not near:
        return Finding(Verdict.PASS, message, 0, 0)
    chance = at_least_p(len(near), len(found), share)
    if chance >= BY_CHANCE:
        return vacuous(f"{message}: by chance so many do in {chance:.0%} of runs")
    start = starts[near[0].index]
    before, later = np.exp(near[0].before), np.exp(near[0].after)
    message += (
        f"; first: median {before:,.0f} to {later:,.0f} steps from step {start + 1:,.0f} on, "
        f"evaluation at {at[np.searchsorted(at, start, side='right') - 1]:,.0f}"
    )
    suspects = ("evaluation_disturbs_simulator", "simulator_asynchronous")
    return Finding(
        Verdict.WARN, message, len(near), 0, "", None, onset=int(start) + 1, suspects=suspects
    )
