"""Whether the critic learns from the actions that were executed."""

from rca.checking import Finding, Severity, Verdict, check, fail_below
from rca.runs.record import RunRecord

LIMIT = 0.95
"""Share; rows of steps from before the recorder was attached may be unknown."""
MIN_ROWS = 100


@check(
    "wiring.actions",
    title="Stored actions",
    needs=["wiring.actions"],
    severity=Severity.CRITICAL,
)
def actions(run: RunRecord) -> Finding:
    """Are the actions in the critic's batches those that were executed?

    Why: stored before noise or clipping, or in another scale, an action is credited with what
        another one did.
    Remedy: store what was handed to env.step, in the scale in which the actor speaks.
    Reference: SB3 stores the clipped, rescaled action; signals.md, faults: actions stored
        un-noised. Compared bit for bit as float32.
    """
    assert run.wiring is not None
    seen = run.wiring.actions
    if not seen.told:
        return Finding(Verdict.NOT_RUN, "0 executed actions were told: recorder.step(action=...)")
    if seen.rows < MIN_ROWS:
        return Finding(Verdict.VACUOUS, f"{seen.rows} rows of batches seen, {MIN_ROWS} needed")
    share = seen.executed / seen.rows
    return fail_below(
        share,
        LIMIT,
        f"{share:.1%} of {seen.rows:,} rows hold an executed action, limit {LIMIT:.0%}",
        unit="1",
        suspects=("action_path_wrong", "replay_wrong"),
    )
