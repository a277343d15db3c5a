"""Whether values exceed what the rewards allow."""

import math

import numpy as np

from rca.checking import Finding, Severity, Verdict, check, fail_above
from rca.judging import (
    MIN_READINGS,
    column,
    in_force,
    learned_rewards,
    too_early,
    too_few,
    vacuous,
)
from rca.runs.record import RunRecord, Signal

VALUES = [
    f"{part}_{kind}"
    for part in ("critic/q1", "critic/q2", "critic/target", "actor/q")
    for kind in ("mean", "min", "max")
]
SLACK = 2.0
STORED = ("batch/reward_min", "batch/reward_max")


@check(
    "critic.soft_divergence",
    title="Soft divergence",
    needs=["critic/q1_mean", "env/reward", "in_force.agent.discount"],
    severity=Severity.CRITICAL,
)
def soft_divergence(run: RunRecord) -> Finding:
    """Do values stay inside what the largest reward can add up to?

    Why: no return exceeds max abs(r) / (1 - discount), r as the agent stores it (scaled, clipped);
        a value beyond it is the network's own invention.
    Remedy: look at the target first (termination mask, target networks, which features), then at
        the critic's learning rate.
    Reference: van Hasselt et al. 2018, "Deep Reinforcement Learning and the Deadly Triad". The
        last fifth of the readings is judged, because networks start with values of their own;
        limit twice the bound (start), because they also err a little.
    """
    early = too_early(run)
    if early:
        return early
    discount = in_force(run, "agent.discount")
    if not 0 <= discount < 1:
        return vacuous(f"a discount of {discount} bounds no return")
    paid = run.signals["env/reward"].finite()
    stored = [run.signals[n].finite() for n in STORED if n in run.signals]
    rewards = np.concatenate([learned_rewards(run, paid), *stored])
    few = too_few(len(rewards), MIN_READINGS, "step rewards")
    if few:
        return few
    table = column(run.episodes, "return", "length")
    rates = np.abs(learned_rewards(run, table[:, 0] / np.maximum(table[:, 1], 1)))
    largest = float(np.max([np.abs(rewards).max(), rates.max(initial=0.0)]))
    if not largest:
        return vacuous(f"{len(rewards):,} rewards, all of them 0: what values may be is not known")
    bound = largest / (1 - discount)
    extremes = _extremes(run)
    blank = [name for name, value in extremes.items() if math.isnan(value)]
    if blank:
        message = f"no finite value in the last fifth of the readings of {', '.join(blank)}"
        return Finding(Verdict.NOT_RUN, message)
    name, value = max(extremes.items(), key=lambda item: item[1])
    worst = run.signals[name]
    message = (
        f"largest abs({name}) {value:,.4g} in the last fifth; the agent learns from rewards "
        f"up to {largest:,.4g}, and a discount of {discount:.4g} allows {bound:,.4g}"
    )
    size = Signal(name, "", worst.steps, np.abs(worst.values))
    onset = size.first_crossing(SLACK * bound)
    suspects = ("actor_critic_feature_mixup", "time_outs_terminal", "encoder_targets_missing")
    return fail_above(value, SLACK * bound, message, onset=onset, suspects=suspects)


def _extremes(run: RunRecord) -> dict[str, float]:
    finite = {n: run.signals[n].tail(0.2).finite() for n in VALUES if n in run.signals}
    return {n: float(np.abs(v).max()) if len(v) else math.nan for n, v in finite.items()}
