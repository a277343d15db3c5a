"""Whether steps become slower when an evaluation has taken place."""

import numpy as np

from rca.checking import Finding, Severity, check, fail_above
from rca.judging import column, too_few
from rca.runs.record import RunRecord, Signal

SLOWER = 3.0
"""Times the median before the first evaluation (signals.md, "step time")."""
ACROSS = 10.0
"""The same across phases; calibrated on healthy runs on a busy machine."""
MIN_SIDE = 5
"""Readings on each side of the first evaluation."""


@check(
    "evaluation.step_time",
    title="Step time against evaluations",
    needs=["env/step_seconds", "evaluations.step"],
    severity=Severity.CRITICAL,
)
def step_time(run: RunRecord) -> Finding:
    """Do environment steps take as long after an evaluation as before it?

    Why: the simulator's share of a step does not depend on the policy; if it multiplies after an
        evaluation, the evaluation left something behind (second world, asynchronous mode, actors).
    Remedy: give the evaluation a simulator of its own, or restore world and settings after it.
    Reference: signals.md, "step time": 3 times the median before; FAIL if the share of such steps
        grows by more than 10 points (start). Only steps of the phase in which the first
        evaluation lies are compared, because updates take time too; where that phase ends with it,
        rca's own runs, which time the environment's step alone, are compared across phases: 10
        times the median in half of the steps (calibrated: a busy machine does it in a tenth).
    """
    at = column(run.evaluations, "step")
    first = float(at.min()) if len(at) else np.inf
    times = _one_phase(run, first)
    before, after = times.between(0, first), _without_evaluations(times, at)
    few = too_few(len(before.finite()), MIN_SIDE, "step times before the first evaluation")
    slower, more = SLOWER, 0.1
    if run.kind == "rca" and len(after.finite()) < MIN_SIDE:
        after = _without_evaluations(run.signals["env/step_seconds"], at)
        slower, more = ACROSS, 0.5
    few = few or too_few(len(after.finite()), MIN_SIDE, "step times after it in the same phase")
    if few:
        return few
    limit = slower * before.median()
    shares = [float(np.mean(part.finite() > limit)) for part in (before, after)]
    message = (
        f"steps of more than {slower:.0f} times the first {before.median():.3f} s: "
        f"{shares[0]:.0%} before the evaluation at step {first:,.0f}, {shares[1]:.0%} after it "
        f"(median {after.median():.3f} s)"
    )
    suspects = ("evaluation_disturbs_simulator", "simulator_asynchronous")
    return fail_above(
        shares[1] - shares[0],
        more,
        message,
        unit="1",
        steps=(int(before.steps[0]), int(after.steps[-1])),
        onset=after.first_crossing(limit),
        suspects=suspects,
    )


def _one_phase(run: RunRecord, step: float) -> Signal:
    times = run.signals["env/step_seconds"]
    phase = next((p for p in run.phases if p.first_step <= step <= p.last_step), None)
    return times.between(phase.first_step, phase.last_step) if phase else times


def _without_evaluations(times: Signal, at: np.ndarray) -> Signal:
    """Returns the readings after the first evaluation that do not span another one."""
    spans = np.searchsorted(at, times.steps, side="left")
    starts = np.concatenate([[0], times.steps[:-1]])
    clean = (np.searchsorted(at, starts, side="left") == spans) & (spans > 0)
    return Signal(times.name, times.unit, times.steps[clean], times.values[clean])
