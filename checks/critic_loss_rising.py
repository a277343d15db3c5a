"""Whether the critic's loss diverges."""

import numpy as np

from rca.checking import Finding, check, fail_above
from rca.judging import MIN_EPISODES, MIN_READINGS, column, too_few, vacuous
from rca.runs.record import RunRecord

FACTOR = 100.0


@check("critic.loss_rising", title="Critic loss", needs=["critic/loss"])
def loss_rising(run: RunRecord) -> Finding:
    """Does the critic's loss stay within reach of where it began?

    Why: a loss that grows by orders of magnitude chases targets that grow by themselves.
    Remedy: look at the target: termination mask, target networks, discount; then at the critic's
        learning rate.
    Reference: medians of the last and the first fifth of the readings; limit 100 times, two
        orders of magnitude (start). As long as all episodes return the same, as where nothing is
        paid yet, there is nothing to predict and nothing to compare with.
    """
    loss = run.signals["critic/loss"]
    values = loss.finite()
    few = too_few(len(values), MIN_READINGS, "readings of the critic's loss")
    if few:
        return few
    fifth = len(values) // 5
    told = column(run.episodes, "end_step", "return")
    told = told[told[:, 0] <= loss.steps[np.isfinite(loss.values)][fifth - 1]]
    if len(told) >= MIN_EPISODES and np.ptp(told[:, 1]) == 0:
        message = f"the first {len(told):,} episodes all return {told[0, 1]:,.3g}"
        return vacuous(f"{message}: the critic had nothing to predict yet")
    early, late = float(np.median(values[:fifth])), float(np.median(values[-fifth:]))
    ratio = late / early if early > 0 else np.nan
    message = f"median loss goes from {early:,.3g} to {late:,.3g}, first to last fifth"
    onset = loss.first_crossing(FACTOR * early)
    suspects = ("critic_diverged", "time_outs_terminal")
    return fail_above(ratio, FACTOR, message, unit="1", onset=onset, suspects=suspects)
