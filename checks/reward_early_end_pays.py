"""Whether ending early pays."""

import numpy as np

from rca.checking import Finding, check, fail_above
from rca.judging import MIN_EPISODES, column, median, too_few, vacuous
from rca.runs.record import RunRecord

NAMES = ("length", "return", "success")


@check(
    "reward.early_end_pays",
    title="Early endings",
    needs=["episodes.length", "episodes.return"],
    driving=True,
)
def early_end_pays(run: RunRecord) -> Finding:
    """Do the shortest episodes earn less per step than the others, or lose?

    Why: where an episode that fails at once is paid as well per step as one that goes on, and
        nothing is lost by failing, there is no reason to stay on the road.
    Remedy: make a failure cost more than the steps before it can earn.
    Reference: signals.md, "reward probe": collision > 0; defects D11 and D25. The shortest
        quarter of the episodes that did not succeed, against the rest.
    """
    table = column(run.episodes.assign(success=run.episodes["success"].fillna(0)), *NAMES)
    failed = table[(table[:, 0] > 0) & (table[:, 2] == 0)]
    few = too_few(len(failed), MIN_EPISODES, "episodes without success")
    if few:
        return few
    edge = np.quantile(failed[:, 0], 0.25)
    short, rest = failed[failed[:, 0] <= edge], failed[failed[:, 0] > edge]
    if len(rest) < MIN_EPISODES or np.median(rest[:, 0]) < 2 * np.median(short[:, 0]):
        return vacuous(f"the lengths of {len(failed)} episodes differ too little to compare")
    rates = [median(part[:, 1] / part[:, 0]) for part in (short, rest)]
    message = (
        f"median return {median(short[:, 1]):,.4g} of {len(short):,} episodes of up to {edge:,.0f} "
        f"steps: {rates[0]:,.3g} a step, {rates[1]:,.3g} in longer ones"
    )
    gain = rates[0] - rates[1] if median(short[:, 1]) > 0 else min(0.0, rates[0] - rates[1])
    suspects = ("progress_outweighs_penalties", "collision_pays")
    return fail_above(gain, 0.0, message, suspects=suspects)
