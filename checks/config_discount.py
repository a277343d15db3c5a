"""Whether the declared discount is in force."""

import numpy as np

from rca.checking import Finding, check, fail_above
from rca.judging import number, too_few
from rca.runs.record import RunRecord

MIN_READINGS = 5


@check(
    "config.discount",
    title="Discount in force",
    needs=["config.agent.discount", "batch/discount_mean", "batch/terminal_share"],
)
def discount(run: RunRecord) -> Finding:
    """Is the discount in the targets the declared one?

    Why: the horizon decides what is optimal; an undeclared one answers another question.
    Remedy: print the discount where the target is computed.
    Reference: mean over a batch of discount * (1 - terminal); limit 0.002, the rounding of one
        terminal transition in a batch of 256 and more.
    """
    declared = number(run, "agent.discount")
    means, shares = run.signals["batch/discount_mean"], run.signals["batch/terminal_share"]
    both, at_mean, at_share = np.intersect1d(means.steps, shares.steps, return_indices=True)
    implied = means.values[at_mean] / (1 - shares.values[at_share])
    implied = implied[np.isfinite(implied)]
    few = too_few(len(implied), MIN_READINGS, "batches with both readings")
    if few:
        return few
    seen = float(np.median(implied))
    message = f"declared {declared:.4g}, targets used {seen:.4g} ({len(both):,} batches)"
    return fail_above(abs(seen - declared), 0.002, message, suspects=("config_not_read",))
