"""Whether the actor's loss is computed on the features that the critic learned from."""

from rca.checking import Finding, Severity, check, fail_above
from rca.judging import too_early, too_few
from rca.runs.record import RunRecord

LIMIT = 0.5
MIN_LOOKS = 5
"""Readings: one is off by what 32 states differ from the batch's mean."""


@check(
    "actor.encoder_consistency",
    title="Encoder of the actor's loss",
    needs=["actor/encoder_mixup"],
    severity=Severity.CRITICAL,
)
def encoder_consistency(run: RunRecord) -> Finding:
    """Is the actor's loss Q1 on the critic's features, not on the actor's own?

    Why: Q1 never learned from the actor's features; what it says of them is arbitrary, and the
        actor and its encoder climb it without end.
    Remedy: give the critic's encoder's features to Q1 in the actor's loss, detached; let the
        actor's encoder feed the action alone.
    Reference: signals.md, "encoder consistency" (D08): the same observations through both encoders
        into Q1; which of the two values the loss is nearer to, 0.5 is half way. Median of the last
        fifth.
    """
    early = too_early(run)
    if early:
        return early
    readings = run.signals["actor/encoder_mixup"]
    few = too_few(len(readings.finite()), MIN_LOOKS, "readings of both features")
    if few:
        return few
    late = readings.tail(0.2).median()
    message = (
        f"the actor's loss lies {late:.0%} of the way from Q1 on the critic's features to Q1 on "
        "the actor's own at the end"
    )
    suspects = ("actor_critic_feature_mixup",)
    return fail_above(late, LIMIT, message, unit="1", suspects=suspects)
