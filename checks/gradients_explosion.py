"""Whether gradient norms jump."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rca.checking import Finding, Verdict, check
from rca.judging import MIN_READINGS, Floats, vacuous
from rca.runs.record import RunRecord, Signal

FACTOR = 100.0
WINDOW = 100
"""Readings of which the median is taken."""
SUSPECTS = ("critic_diverged", "penalty_too_large")


@check("gradients.explosion", title="Gradient explosion")
def gradients_explosion(run: RunRecord) -> Finding:
    """Do gradient norms stay within reach of their running median?

    Why: one update with a gradient hundreds of times the usual size undoes thousands of others.
    Remedy: look at the rewards and targets of that batch; clip the norm; lower the reward scale.
    Reference: signals.md, "gradient norm": 100 times the running median (start); infinite ones
        always. A median of 0 gives no ratio, so a value after it cannot pass.
    """
    norms = [s for name, s in run.signals.items() if name.endswith("/grad_norm")]
    infinite = {s.name: int(s.steps[_infinite(s)[0]]) for s in norms if len(_infinite(s))}
    if infinite:
        return _endless(infinite)
    seen = [signal for signal in norms if len(signal.finite())]
    if not seen:
        return Finding(Verdict.NOT_RUN, "not recorded: gradient norms of any module")
    rated = {s.name: _worst(s) for s in seen if len(s.finite()) >= MIN_READINGS}
    if not rated:
        return vacuous(f"fewer than {MIN_READINGS} readings of each of {len(seen)} gradient norms")
    blind = [name for name, (ratio, _) in rated.items() if np.isnan(ratio)]
    if len(blind) == len(rated):
        return vacuous(f"{len(blind)} gradient norms have no running median above 0")
    name, (ratio, onset) = max(rated.items(), key=lambda item: np.nan_to_num(item[1][0], nan=-1.0))
    message = f"{name} reaches {ratio:,.3g} times its running median at step {onset:,}"
    if ratio > FACTOR:
        return Finding(Verdict.FAIL, message, ratio, FACTOR, "1", None, onset, SUSPECTS)
    sudden = {s.name: at for s in seen if s.name in rated and (at := _after_zeros(s)) is not None}
    if sudden:
        listed = ", ".join(f"{name} at step {at:,}" for name, at in sudden.items())
        return vacuous(f"{message}; no ratio can be had where the running median is 0: {listed}")
    return Finding(Verdict.PASS, message, ratio, FACTOR, "1")


def _infinite(signal: Signal) -> NDArray[np.intp]:
    return np.flatnonzero(np.isinf(signal.values))


def _endless(infinite: Mapping[str, int]) -> Finding:
    onset = min(infinite.values())
    listed = ", ".join(f"{name} at step {at:,}" for name, at in infinite.items())
    message = f"{len(infinite)} gradient norm(s) become infinite: {listed}"
    return Finding(Verdict.FAIL, message, np.inf, FACTOR, "1", onset=onset, suspects=SUSPECTS)


def _worst(signal: Signal) -> tuple[float, int]:
    """Returns the largest ratio to the running median, NaN where it stays 0, and its step."""
    steps, values, past = _beside_past(signal)
    if not (past > 0).any():
        return np.nan, int(steps[0])
    ratio = np.divide(values, past, out=np.zeros_like(values), where=past > 0)
    worst = int(np.argmax(ratio))
    return float(ratio[worst]), int(steps[worst])


def _after_zeros(signal: Signal) -> int | None:
    """Returns the first step of a value above 0 whose running median is 0, None without one."""
    steps, values, past = _beside_past(signal)
    sudden = np.flatnonzero((past == 0) & (values > 0))
    return int(steps[sudden[0]]) if len(sudden) else None


def _beside_past(signal: Signal) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Returns steps, sizes and the median of the readings before each, where there are enough."""
    known = np.isfinite(signal.values)
    values, steps = np.abs(signal.values[known]), signal.steps[known]
    size = min(WINDOW, len(values) // 2)
    past = np.median(np.lib.stride_tricks.sliding_window_view(values, size)[:-1], axis=1)
    return steps[size:], values[size:], past
