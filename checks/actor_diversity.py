"""Whether the policy answers to what it sees."""

from rca.checking import Finding, Severity, check, fail_below
from rca.judging import too_early
from rca.runs.record import RunRecord


@check(
    "actor.diversity",
    title="Action diversity",
    needs=["actor/diversity"],
    severity=Severity.CRITICAL,
)
def diversity(run: RunRecord) -> Finding:
    """Does the policy act differently in different states?

    Why: one action for all states is no driving, whatever its return.
    Remedy: see actor.saturation and actor.dead; look whether features differ between states.
    Reference: signals.md, "action diversity": standard deviation over a diverse batch below 1e-3;
        last fifth.
    """
    early = too_early(run)
    if early:
        return early
    spread = run.signals["actor/diversity"]
    late = spread.tail(0.2).median()
    low = spread.steps[spread.values < 1e-3]
    message = f"actions vary by {late:.2g} (standard deviation over a batch) at the end"
    onset = int(low[0]) if len(low) else None
    return fail_below(late, 1e-3, message, unit="1", onset=onset, suspects=("actor_saturated",))
