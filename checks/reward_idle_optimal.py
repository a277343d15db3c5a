"""Whether standing still is the best thing to do."""

import math

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import MIN_EPISODES, Floats, column, common, in_force, too_few, vacuous
from rca.runs.record import RunRecord

STILL = 0.1
MIN_STILL = 5


@check(
    "reward.idle_optimal",
    title="Standing still is optimal",
    needs=["env/reward", "env/speed", "episodes.return", "in_force.agent.discount"],
    severity=Severity.CRITICAL,
    driving=True,
)
def idle_optimal(run: RunRecord) -> Finding:
    """Is some episode that moved worth more than standing still, under the discount in force?

    Why: where every attempt to drive ends in a penalty that outweighs all the idling there can
        be, a learner that works will stand still.
    Remedy: compare the cost of one mistake with the cost of idling for 1 / (1 - discount) steps;
        lower the first or raise the second.
    Reference: signals.md, "reward probe": discounted idle against act-then-fail; defect D22. What
        an episode paid beyond idling counts at once if it is a gain, at its end if it is a cost,
        so its worth is bounded from above. FAIL where the learned policy stands still (80% of
        the readings), WARN where it does not.
    """
    discount = in_force(run, "agent.discount")
    _, reward, speed = common(run.signals["env/reward"], run.signals["env/speed"])
    idle = reward[np.abs(speed) < STILL]
    few = too_few(len(idle), MIN_STILL, f"rewards at a speed below {STILL} m/s")
    table = column(run.episodes, "length", "return")
    table = table[table[:, 0] > 0]
    few = few or too_few(len(table), MIN_EPISODES, "episodes")
    if few:
        return few
    if not 0 < discount < 1:
        return vacuous(f"a discount of {discount} bounds no horizon")
    per_step = float(np.median(idle))
    moving = table[np.abs(table[:, 1] / table[:, 0] - per_step) > 0.1 * abs(per_step)]
    few = too_few(len(moving), MIN_EPISODES, "episodes that are not spent standing still")
    still = _stands_still(run)
    if few or math.isnan(still):
        return few or vacuous("random actions fail wherever failing is possible; no learned policy")
    best = float(_at_most(moving[:, 0], moving[:, 1], per_step, discount).max())
    idling = per_step / (1 - discount)
    message = (
        f"idling for ever is worth {idling:,.4g} ({per_step:,.3g} a step at discount "
        f"{discount:.4g}); the best of {len(moving):,} episodes that moved is worth at most "
        f"{best:,.4g}; the learned policy stands still in {still:.0%} of its readings"
    )
    if idling <= best:
        return Finding(Verdict.PASS, message, idling, best)
    suspects = ("idling_optimal", "penalty_too_large")
    verdict = Verdict.FAIL if still > 0.8 else Verdict.WARN
    return Finding(verdict, message, idling, best, onset=1, suspects=suspects)


def _at_most(lengths: Floats, returns: Floats, idle: float, discount: float) -> Floats:
    """Returns an upper bound of each episode's discounted worth."""
    beyond, end = returns - idle * lengths, discount**lengths
    worth = idle * (1 - end) / (1 - discount) + np.where(beyond < 0, beyond * end, beyond)
    return np.asarray(worth, dtype=np.float64)


def _stands_still(run: RunRecord) -> float:
    """Returns the share of the learning phase's speeds below 0.5 m/s."""
    phase = run.phase("learning")
    if phase is None:
        return math.nan
    speed = run.signals["env/speed"].between(phase.first_step, phase.last_step).finite()
    return float(np.mean(speed < 0.5)) if len(speed) else math.nan
