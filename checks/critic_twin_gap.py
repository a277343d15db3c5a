"""Whether the twin critics agree."""

import math

import numpy as np

from rca.checking import Finding, Verdict, check, fail_above
from rca.judging import MIN_READINGS, too_early, too_few, vacuous
from rca.runs.record import RunRecord, Signal


@check("critic.twin_gap", title="Twin gap", needs=["critic/q1_mean", "critic/q2_mean"])
def twin_gap(run: RunRecord) -> Finding:
    """Do the twin critics disagree, and by no more than their values vary?

    Why: the minimum of two diverged critics is one critic's error, not an estimate; that of two
        which are the same is either's, and overestimates as one critic does.
    Remedy: look at the target's termination mask, then at the critic's learning rate; draw the
        first weights of each critic anew, neither copied nor from one seed.
    Reference: signals.md, "twin gap": mean abs(Q1 - Q2) / std(Q), limit 1 (start); where std(Q)
        over the batch is not recorded, the spread of mean Q over the run and abs(mean Q) stand in.
    """
    early = too_early(run)
    if early:
        return early
    few = too_few(len(run.signals["critic/q1_mean"].finite()), MIN_READINGS, "readings of Q")
    if few:
        return few
    gap, scale = _gap(run), _scale(run)
    if gap == 0 and _are_the_same(run):
        said = f"twins are the same in all {len(run.signals['critic/q1_mean'].finite()):,} readings"
        if run.kind == "recording":  # may have logged one of them twice
            suspects = ("metrics_not_wired", "critic_twin_untrained")
            return Finding(Verdict.WARN, f"{said}, or logged twice", 0.0, suspects=suspects)
        accused = ("critic_twin_untrained",)
        return Finding(Verdict.FAIL, f"{said}: one critic, twice", 0.0, suspects=accused)
    if _is_unpaid(run):
        return vacuous("all rewards are 0: values and their gap are those of the first weights")
    ratio = gap / scale if scale > 0 else math.nan
    message = f"twins differ by {gap:,.3g} where Q varies by {scale:,.3g}, last fifth of the run"
    return fail_above(ratio, 1.0, message, unit="1", suspects=("critic_diverged",))


def _are_the_same(run: RunRecord) -> bool:
    """Tells whether both critics' mean values are bit for bit the same throughout."""
    one, two = (run.signals[f"critic/{name}_mean"].values for name in ("q1", "q2"))
    return np.array_equal(one, two, equal_nan=True)


def _is_unpaid(run: RunRecord) -> bool:
    """Tells whether every reward so far is recorded as 0: nothing was there to be learned."""
    rewards = run.signals.get("env/reward")
    return rewards is not None and len(rewards.finite()) > 0 and not rewards.finite().any()


def _gap(run: RunRecord) -> float:
    spread = run.signals.get("critic/q_spread")
    if spread is not None and len(spread.finite()):
        return spread.tail(0.2).median()
    one, two = (run.signals[f"critic/{name}_mean"].tail(0.2) for name in ("q1", "q2"))
    return abs(one.median() - two.median())


def _scale(run: RunRecord) -> float:
    deviation: Signal | None = run.signals.get("critic/q1_std")
    if deviation is not None and len(deviation.finite()):
        return deviation.tail(0.2).median()
    mean = run.signals["critic/q1_mean"]
    return float(np.max([np.std(mean.finite()), abs(mean.tail(0.2).median())]))  # NaN if one is
