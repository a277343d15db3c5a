"""Whether returns fit lengths and rewards."""

import numpy as np

from rca.checking import Finding, check, fail_above
from rca.judging import MIN_READINGS, Floats, column, too_few
from rca.runs.record import RunRecord

SIGNALS = ("env/reward", "batch/reward_min", "batch/reward_max")


@check(
    "episodes.return_length",
    title="Return against length",
    needs=["episodes.length", "episodes.return", "env/reward"],
)
def return_length(run: RunRecord) -> Finding:
    """Does the return per step lie inside the range of the recorded step rewards?

    Why: a return that its steps cannot add up to is computed from something else: scaled,
        shaped, or of another episode.
    Remedy: add up the rewards that the agent receives, and log that.
    Reference: signals.md, "return against length". Limit 5% of the episodes (start): recordings
        hold a sample of the rewards, so rare extremes may be missing.
    """
    rewards = np.concatenate([run.signals[n].finite() for n in SIGNALS if n in run.signals])
    table = column(run.episodes, "length", "return")
    table = table[table[:, 0] > 0]
    few = too_few(len(rewards), MIN_READINGS, "step rewards") or too_few(len(table), 1, "episodes")
    if few:
        return few
    rate = table[:, 1] / table[:, 0]
    low, high = float(rewards.min()), float(rewards.max())
    outside = float(np.mean(_outside(rate, low, high)))
    message = (
        f"{outside:.1%} of {len(rate):,} episodes outside; return per step {rate.min():,.1f} to "
        f"{rate.max():,.1f} (median {np.median(rate):,.1f}), step rewards {low:,.1f} to {high:,.1f}"
        f" (median {np.median(rewards):,.1f}, {len(rewards):,} readings)"
    )
    return fail_above(outside, 0.05, message, unit="1", suspects=("metrics_not_wired",))


def _outside(rate: Floats, low: float, high: float) -> np.ndarray:
    slack = 0.01 * (high - low)  # rounding of logged values
    return (rate < low - slack) | (rate > high + slack)
