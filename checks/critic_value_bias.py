"""Whether values match what episodes return."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rca.checking import Finding, Verdict, check
from rca.judging import (
    MIN_EPISODES,
    Floats,
    column,
    in_force,
    learned_rewards,
    number,
    too_early,
    too_few,
    vacuous,
)
from rca.runs.record import RunRecord

WARN, FAIL = 0.5, 5.0
SAME_LENGTH = 0.05
"""Share of episodes that are exactly as long as the longest, above which that is a time limit."""


@check(
    "critic.value_bias",
    title="Value against return",
    needs=["critic/q1_mean", "episodes.length", "episodes.return", "in_force.agent.discount"],
)
def value_bias(run: RunRecord) -> Finding:
    """Are the critic's values about what episodes really return, discounted?

    Why: overestimated values are the failure that TD3 was made against; the actor climbs them.
    Remedy: look at the target's minimum over the twins, its termination mask and its noise.
    Reference: signals.md, "value bias": (Q - G) / abs(mean G), WARN above +0.5 (start), FAIL above
        5. Measured at evaluations where that was recorded; else G is estimated from each
        episode's mean reward times agent.reward_scale, over all episodes or the last fifth,
        whichever is better.
    """
    early = too_early(run)
    if early:
        return early
    measured = run.signals.get("critic/value_bias")
    if measured is not None and len(measured.finite()):
        last = float(measured.finite()[-1])
        return _answer(last, f"bias {last:+,.2f} at the last evaluation, against its own returns")
    discount = in_force(run, "agent.discount")
    cut = _cut_off(run)
    table = column(run.episodes.assign(cut=cut.astype(float)), "length", "return", "cut")
    table = table[table[:, 0] > 0]
    if _clips(run):
        clip = number(run, "agent.reward_clip")
        return vacuous(f"rewards are clipped at {clip:g}; returns do not say what is left of them")
    scale = number(run, "agent.reward_scale")
    table[:, 1] *= 1.0 if np.isnan(scale) else scale
    few = too_few(len(table), MIN_EPISODES, "episodes")
    if few:
        return few
    if not 0 < discount < 1:
        return vacuous(f"a discount of {discount} gives no value to compare")
    late = table[-max(MIN_EPISODES, len(table) // 5) :]
    # The buffer holds old behaviour, the values are of the present one: the better of both counts.
    actual = max(_mean_value(*part.T, discount=discount) for part in (table, late))
    claimed = run.signals["critic/q1_mean"].tail(0.2).median()
    if not np.isfinite([actual, claimed]).all() or actual == 0:
        return vacuous(f"mean value {claimed:,.4g} against {actual:,.4g}: no ratio to judge")
    bias = (claimed - actual) / abs(actual)
    message = f"mean Q {claimed:,.4g}, episodes return about {actual:,.4g}: bias {bias:+,.2f}"
    return _answer(bias, message)


def _cut_off(run: RunRecord) -> NDArray[np.bool_]:
    """Tells which episodes ended by time; where no reason is known, those as long as many are."""
    if run.episodes["end_reason"].notna().any():
        return np.asarray(run.episodes["end_reason"] == "time_out", np.bool_)
    lengths = run.episodes["length"].to_numpy()
    longest = np.asarray(lengths == np.nanmax(lengths, initial=0), np.bool_)
    return longest if longest.mean() > SAME_LENGTH else np.zeros(len(lengths), np.bool_)


def _clips(run: RunRecord) -> bool:
    """Tells whether the agent may have learned from smaller rewards than episodes returned."""
    if np.isnan(number(run, "agent.reward_clip")):
        return False
    free = replace(run, config={**run.config, "agent.reward_clip": None})
    paid = run.signals["env/reward"].finite() if run.has("env/reward") else np.empty(0)
    learned = learned_rewards(run, paid)
    return not len(paid) or bool((learned != learned_rewards(free, paid)).any())


def _answer(bias: float, message: str) -> Finding:
    verdict = Verdict.FAIL if bias > FAIL else Verdict.WARN if bias > WARN else Verdict.PASS
    suspects = ("critic_diverged",) if verdict is Verdict.FAIL else ()
    return Finding(verdict, message, bias, WARN, "1", suspects=suspects)


def _mean_value(lengths: Floats, returns: Floats, cut: Floats, *, discount: float) -> float:
    """Returns the mean discounted return over all states, as if each episode paid evenly.

    One that was cut off (1.0) is worth what it would have gone on to pay: values bootstrap there.
    """
    horizon = 1 / (1 - discount)
    seen = 1 - horizon * (1 - discount**lengths) / lengths  # mean of 1 - discount^(steps left)
    seen = np.where(cut > 0, 1.0, seen)
    return float(np.average(returns / lengths * horizon * seen, weights=lengths))
