"""Whether actions are pinned at their bounds."""

from rca.checking import Finding, Severity, check, fail_above
from rca.judging import too_early
from rca.runs.record import RunRecord


@check(
    "actor.saturation",
    title="Action saturation",
    needs=["actor/saturation"],
    severity=Severity.CRITICAL,
)
def saturation(run: RunRecord) -> Finding:
    """Does the policy use the inside of its action range?

    Why: actions beyond 0.99 lie where tanh is flat; the gradient that could bring them back is
        nearly 0.
    Remedy: LayerNorm on the features, a lower actor learning rate, a few hundred critic updates
        before the first actor update.
    Reference: signals.md, "action saturation": P(abs(a) > 0.99) above 0.5; last fifth.
    """
    early = too_early(run)
    if early:
        return early
    share = run.signals["actor/saturation"]
    late = share.tail(0.2).median()
    message = f"{late:.0%} of the policy's action entries lie beyond 0.99 at the end"
    onset = share.first_crossing(0.5)
    return fail_above(late, 0.5, message, unit="1", onset=onset, suspects=("actor_saturated",))
