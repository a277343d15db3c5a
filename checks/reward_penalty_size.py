"""How the largest penalty compares with the largest reward."""

import numpy as np

from rca.checking import Finding, Verdict, check
from rca.judging import MIN_READINGS, Floats, column, too_few, vacuous
from rca.runs.record import RunRecord

WARN, FAIL = 10.0, 1_000.0
SIGNALS = ("env/reward", "batch/reward_min", "batch/reward_max")


@check("reward.penalty_size", title="Largest penalty", needs=["env/reward"], driving=True)
def penalty_size(run: RunRecord) -> Finding:
    """Is the largest penalty of the order of the largest reward?

    Why: a penalty thousands of times larger than anything that can be earned makes the critic's
        errors larger than all differences between good and bad driving.
    Remedy: divide it, and look where the factor comes from: a default, a weight applied twice.
    Reference: signals.md, "dominance": largest penalty / largest reward per step above 10: WARN,
        as rewards for a goal may not have been seen yet. FAIL above 1,000 (start).
    """
    rewards = np.concatenate([run.signals[n].finite() for n in SIGNALS if n in run.signals])
    few = too_few(len(rewards), MIN_READINGS, "step rewards")
    if few:
        return few
    rates = _rates(run)
    low, high = float(min(rewards.min(), rates.min(initial=0))), float(rewards.max())
    if low >= 0 or high <= 0:
        return vacuous(f"step rewards lie between {low:,.4g} and {high:,.4g}: nothing to compare")
    ratio = -low / high
    message = f"largest penalty {low:,.4g}, largest reward {high:,.4g} per step: {ratio:,.4g} times"
    verdict = Verdict.FAIL if ratio > FAIL else Verdict.WARN if ratio > WARN else Verdict.PASS
    suspects = ("penalty_too_large", "penalty_misspelt") if verdict is Verdict.FAIL else ()
    return Finding(verdict, message, ratio, WARN, "1", suspects=suspects)


def _rates(run: RunRecord) -> Floats:
    """Returns each episode's return per step; short ones show penalties that sampling missed."""
    table = column(run.episodes, "return", "length")
    table = table[table[:, 1] >= 1]
    return table[:, 0] / table[:, 1]
