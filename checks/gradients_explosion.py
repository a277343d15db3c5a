"""Whether gradient norms jump."""

import numpy as np

from rca.checking import Finding, Verdict, check
from rca.judging import MIN_READINGS, vacuous
from rca.runs.record import RunRecord, Signal

FACTOR = 100.0
WINDOW = 100
"""Readings of which the median is taken."""


@check("gradients.explosion", title="Gradient explosion")
def gradients_explosion(run: RunRecord) -> Finding:
    """Do gradient norms stay within reach of their running median?

    Why: one update with a gradient hundreds of times the usual size undoes thousands of others.
    Remedy: look at the rewards and targets of that batch; clip the norm; lower the reward scale.
    Reference: signals.md, "gradient norm": 100 times the running median (start).
    """
    norms = [s for name, s in run.signals.items() if name.endswith("/grad_norm")]
    seen = [signal for signal in norms if len(signal.finite())]
    if not seen:
        return Finding(Verdict.NOT_RUN, "not recorded: gradient norms of any module")
    rated = {s.name: _worst(s) for s in seen if len(s.finite()) >= MIN_READINGS}
    if not rated:
        return vacuous(f"fewer than {MIN_READINGS} readings of each of {len(seen)} gradient norms")
    name, (ratio, onset) = max(rated.items(), key=lambda item: item[1][0])
    message = f"{name} reaches {ratio:,.3g} times its running median at step {onset:,}"
    if ratio > FACTOR:
        suspects = ("critic_diverged", "penalty_too_large")
        return Finding(Verdict.FAIL, message, ratio, FACTOR, "1", None, onset, suspects)
    return Finding(Verdict.PASS, message, ratio, FACTOR, "1")


def _worst(signal: Signal) -> tuple[float, int]:
    """Returns the largest ratio to the median of the readings before, and its step."""
    known = np.isfinite(signal.values)
    values, steps = np.abs(signal.values[known]), signal.steps[known]
    size = min(WINDOW, len(values) // 2)
    past = np.median(np.lib.stride_tricks.sliding_window_view(values, size)[:-1], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(past > 0, values[size:] / past, 0.0)
    worst = int(np.argmax(ratio))
    return float(ratio[worst]), int(steps[size + worst])
