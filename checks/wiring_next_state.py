"""Whether transitions lead somewhere."""

from rca.checking import Finding, Severity, Verdict, check, fail_above
from rca.runs.record import RunRecord

LIMIT = 0.5
"""Share; a car that stands still has equal pictures too."""


@check(
    "wiring.next_state",
    title="Next pictures",
    needs=["wiring.inputs"],
    severity=Severity.CRITICAL,
)
def next_state(run: RunRecord) -> Finding:
    """Is the next picture of a transition another one than its picture?

    Why: if both are the same, the critic learns that nothing ever changes.
    Remedy: look for a buffer that is overwritten in place, or the wrong index of the successor.
    Reference: RLMutation: missing state update. Compared pixel by pixel in the critic's batches.
    """
    assert run.wiring is not None
    share = run.wiring.inputs.same_next
    if share is None:
        return Finding(Verdict.NOT_RUN, "0 batches show a picture and its next one")
    return fail_above(
        share,
        LIMIT,
        f"{share:.0%} of the rows lead to their own picture, limit {LIMIT:.0%}",
        unit="1",
        suspects=("replay_wrong",),
    )
