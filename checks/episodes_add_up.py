"""Whether episodes account for all steps."""

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import column, number, vacuous
from rca.runs.manifest import UPDATES_BEFORE
from rca.runs.record import RunRecord


@check(
    "episodes.add_up",
    title="Episodes add up",
    needs=["episodes.length", "outcome.executed_steps"],
    severity=Severity.MINOR,
)
def add_up(run: RunRecord) -> Finding:
    """Do the episodes' lengths add up to the steps that took place?

    Why: steps that belong to no episode are experience whose outcome nobody counted.
    Remedy: log an episode also when a reset, an evaluation or a fault cuts it short.
    Reference: the last episode may be unfinished, so as much as the longest one, or the
        declared limit, may be missing; of n environments side by side, n times that.
    """
    before = run.provenance.get(UPDATES_BEFORE)  # of demonstrations, each a step of the record
    lengths, steps = column(run.episodes, "length"), run.outcome.executed_steps or 0
    steps -= before if isinstance(before, int) else 0
    if not len(lengths) or steps <= 0:
        return vacuous(f"{len(lengths)} lengths, {steps} steps")
    total, cap = float(lengths.sum()), number(run, "env.max_episode_steps")
    longest = max(float(lengths.max()), 0.0 if np.isnan(cap) else cap)
    side_by_side = number(run, "env.side_by_side")
    longest *= 1.0 if np.isnan(side_by_side) else max(1.0, side_by_side)
    message = (
        f"{len(lengths):,} episodes hold {total:,.0f} of {steps:,} steps; what is unfinished "
        f"accounts for up to {longest:,.0f}"
    )
    counts_from = 0 if run.kind == "rca" else 1  # the first step is number 0 in some loops
    whole = -counts_from <= steps - total <= longest
    verdict = Verdict.PASS if whole else Verdict.FAIL
    return Finding(verdict, message, total, steps, "steps")
