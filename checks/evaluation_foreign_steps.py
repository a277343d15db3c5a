"""Whether the trainer alone steps the environment that it trains in."""

import math

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import column, too_few
from rca.runs.record import RunRecord


@check(
    "evaluation.foreign_steps",
    title="Steps of somebody else",
    needs=["episode/foreign_steps"],
    severity=Severity.CRITICAL,
)
def foreign_steps(run: RunRecord) -> Finding:
    """Does the environment count as many steps in each training episode as the trainer took?

    Why: an evaluation in the world that is trained in resets it under the running episode; what is
        stored next belongs to no state that the agent was in.
    Remedy: give the evaluation an environment of its own.
    Reference: defect D03. Both count from the reset, so that one step of difference is proof. Where
        every episode has the same whole number of steps for each of the trainer's, a wrapper
        repeats actions: Mnih et al. 2015 have four.
    """
    signal = run.signals["episode/foreign_steps"]
    values = signal.finite()
    few = too_few(len(values), 1, "episodes whose steps were counted")
    if few:
        return few
    off = values != 0
    message = f"{off.sum():,} of {len(values):,} episodes were stepped by somebody else"
    if not off.any():
        return Finding(Verdict.PASS, message, 0, 0, "episodes")
    if repeats := _repeats(run):
        message = f"each step of the trainer's is {repeats} of the environment's: repeated actions"
        return Finding(Verdict.WARN, message, repeats, 1, "steps")
    onset = signal.steps[np.isfinite(signal.values) & (signal.values != 0)]
    return Finding(
        Verdict.FAIL,
        message,
        float(off.sum()),
        0,
        "episodes",
        steps=(int(signal.steps[0]), int(signal.steps[-1])),
        onset=int(onset[0]),
        suspects=("evaluation_disturbs_simulator",),
    )


def _repeats(run: RunRecord) -> int:
    """Returns how many steps of the environment each of the trainer's is, 0 if that differs.

    The last one of an episode may end it before all its repetitions.
    """
    signal = run.signals["episode/foreign_steps"]
    ends, lengths = (column(run.episodes, name) for name in ("end_step", "length"))
    at = np.searchsorted(ends, signal.steps)
    if not len(ends) or at.max() == len(ends) or not np.array_equal(ends[at], signal.steps):
        return 0
    lengths = lengths[at]
    ratios = 1 + signal.values / lengths
    number = math.ceil(float(ratios.max())) if np.isfinite(ratios).all() else 0
    slack = (number - 1) / lengths
    return number if number > 1 and (ratios >= number - slack).all() else 0
