"""Whether actions that nobody could execute are learned from."""

import numpy as np

from rca.checking import Finding, Severity, check, fail_above
from rca.judging import MIN_READINGS, too_few
from rca.runs.record import RunRecord

BOUND = 1.0
"""Of every entry: tanh ends there, and so do the environment's actions."""
ROUNDING = 1e-6
"""Of float32 at that size, a few times over."""


@check(
    "replay.action_range",
    title="Stored actions within bounds",
    needs=["batch/action_size"],
    severity=Severity.CRITICAL,
)
def action_range(run: RunRecord) -> Finding:
    """Are all stored actions within what can be executed?

    Why: an action stored before it was clipped is credited with what the clipped one did; the
        critic learns values of actions that neither the policy nor the car can do.
    Remedy: clip first, then store and execute the same array.
    Reference: the largest entry in each batch against 1, where the actor's tanh and the action
        space end; the TD3 authors' code clips an action before it executes and stores it.
    """
    sizes = run.signals["batch/action_size"]
    few = too_few(len(sizes.finite()), MIN_READINGS, "batches")
    if few:
        return few
    beyond = sizes.values > BOUND + ROUNDING
    worst = float(np.nanmax(sizes.values))  # an infinite one counts
    seen = f"{int(beyond.sum()):,} of {len(sizes):,} batches"
    message = f"{seen} hold an action beyond 1; the largest entry of any is {worst:.3g}"
    onset = int(sizes.steps[beyond][0]) if beyond.any() else None
    return fail_above(worst, BOUND + ROUNDING, message, unit="1", onset=onset)
