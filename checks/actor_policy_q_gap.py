"""Whether the actor climbs a value that the critic does not know of."""

import numpy as np

from rca.checking import Finding, Severity, check, fail_above
from rca.judging import common, too_few
from rca.runs.record import RunRecord

RATIO = 5.0
MIN_COMMON = 5
"""Readings of both signals at one step."""


@check(
    "actor.policy_q_gap",
    title="Policy-Q gap",
    needs=["actor/loss", "critic/q1_mean"],
    severity=Severity.CRITICAL,
)
def policy_q_gap(run: RunRecord) -> Finding:
    """Is the value that the actor maximises the one that the critic was trained on?

    Why: the actor's loss is -Q of its own actions; when it claims values far above all that the
        critic gives the batch, the two evaluate different functions, and the actor climbs one
        that no reward has touched.
    Remedy: compute the actor's loss on the critic's features, with the actor's encoder feeding
        the action alone; then feed one observation through both paths and compare.
    Reference: signals.md, "policy-Q gap": -actor_loss > 5 max(1, abs(mean Q1)), found in 18 of 18
        recordings with that defect. Judged on the last fifth of the readings.
    """
    steps, loss, q1 = common(run.signals["actor/loss"], run.signals["critic/q1_mean"])
    few = too_few(len(steps), MIN_COMMON, "steps with both readings")
    if few:
        return few
    ratio = -loss / np.maximum(1.0, np.abs(q1))
    late = ratio[-max(1, len(ratio) // 5) :]
    above = np.flatnonzero(ratio > RATIO)
    message = (
        f"-actor_loss is {np.median(late):,.3g} times the critic's mean Q at the end "
        f"({-loss[-1]:,.4g} against {q1[-1]:,.4g} at step {steps[-1]:,}), limit {RATIO:.0f}"
    )
    return fail_above(
        float(np.median(late)),
        RATIO,
        message,
        unit="1",
        steps=(int(steps[0]), int(steps[-1])),
        onset=int(steps[above[0]]) if len(above) else None,
        suspects=("actor_critic_feature_mixup",),
    )
