"""Whether the critic's loss pulls values towards their targets."""

from rca.checking import Finding, Severity, Verdict, check, fail_above
from rca.foreign import not_explained
from rca.runs.record import RunRecord

MIN_FITTED = 3
LIMIT = 0.5
"""Share; the sign of a loss does not change from batch to batch."""


@check(
    "wiring.critic_loss",
    title="Sign of the critic's loss",
    needs=["wiring.equation"],
    severity=Severity.CRITICAL,
)
def critic_loss(run: RunRecord) -> Finding:
    """Does a step down the critic's gradient bring its values nearer to their targets?

    Why: a loss with the wrong sign pushes values away from their targets, the faster the further
        they are; they grow without bound within some hundred updates.
    Remedy: minimise (Q - target)^2: look for a minus, or for target and value in each other's place
        under one detach.
    Reference: RLMutation, incorrect loss function; TD3 paper, algorithm 1. Read off the gradient of
        the loss by Q where it explains rewards and Q' (rca/wiring/equation.py).
    """
    assert run.wiring is not None
    seen = run.wiring.equation
    if seen.fitted < MIN_FITTED:
        return Finding(Verdict.NOT_RUN, f"{seen.fitted} batches explained, {MIN_FITTED} needed")
    unknown = not_explained(run)
    if unknown:
        return unknown
    return fail_above(
        seen.ascending / seen.fitted,
        LIMIT,
        f"in {seen.ascending:,} of {seen.fitted:,} batches the gradient points to the target, so "
        "that a step down it leads away",
        unit="1",
        suspects=("critic_diverged",),
    )
