"""Whether a collision costs and the goal pays, at the step at which they happen."""

import numpy as np

from rca.checking import Finding, Severity, check
from rca.judging import Criterion, Floats, judge_criteria, median, vacuous
from rca.runs.record import RunRecord

FEWEST = 5
"""Endings of one kind; the median of fewer is one or two events."""
WANTED = {"collision": -1, "off_road": -1, "wrong_way": -1, "stuck": -1, "goal": 1}
"""Sign of what an ending should be paid, compared with an ordinary step."""


@check(
    "reward.endings_paid",
    title="Endings are paid for",
    needs=["env/reward", "episodes.end_reason"],
    severity=Severity.CRITICAL,
)
def endings_paid(run: RunRecord) -> Finding:
    """Is the step of a failure paid worse than an ordinary one, and the goal's better?

    Why: a failure that costs nothing at its own step teaches nothing about what led to it.
    Remedy: print the rewards of the last steps of an episode of each kind.
    Reference: signals.md, "sign and lag": wrong sign of an event's reward, or the event's reward
        at another step. Medians over at least 5 endings of a kind, against all other steps.
    """
    reward = run.signals["env/reward"]
    at = {reason: _paid_at(run, reason) for reason in WANTED}
    ends = run.episodes["end_step"].dropna().to_numpy()
    ordinary = median(reward.values[~np.isin(reward.steps, ends) & np.isfinite(reward.values)])
    criteria = [
        Criterion(
            f"{len(paid)} endings by {reason} are paid {median(paid):.3g}, wanted "
            f"{'below' if WANTED[reason] < 0 else 'above'} the {ordinary:.3g} of other steps",
            WANTED[reason] * (median(paid) - ordinary) > 0,
        )
        for reason, paid in at.items()
        if len(paid) >= FEWEST
    ]
    if not criteria or np.isnan(ordinary):
        counts = ", ".join(f"{len(paid)} {reason}" for reason, paid in at.items())
        return vacuous(f"{FEWEST} endings of a kind with a recorded reward are needed: {counts}")
    return judge_criteria(criteria, suspects=("reward_wrong", "collision_pays"))


def _paid_at(run: RunRecord, reason: str) -> Floats:
    """Returns the rewards of the steps at which episodes ended for a reason."""
    ends = run.episodes.loc[run.episodes["end_reason"] == reason, "end_step"].dropna()
    reward = run.signals["env/reward"]
    paid = reward.values[np.isin(reward.steps, ends.to_numpy())]
    return paid[np.isfinite(paid)]
