"""Whether the critic learns from the actions that were executed."""

from rca.checking import Finding, Severity, Verdict, check, fail_below
from rca.foreign import of_another_form
from rca.runs.record import RunRecord

LIMIT = 0.95
"""Share; rows of steps from before the recorder was attached may be unknown."""
MIN_ROWS = 100
OWN = 0.5
"""Share of rows: that one executed action is the present one happens, half a batch does not."""
ELSEWHERE = 0.9
"""Share of the unknown rows whose observations are unknown too, from which all of them are of steps
that nobody told of: a picture may show by chance what another one did."""
MIN_VISITS = 20
VARIED = 0.5
"""Share; what is stored wrongly stays the same from visit to visit, what is added does not."""


@check(
    "wiring.actions",
    title="Stored actions",
    needs=["wiring.actions"],
    severity=Severity.CRITICAL,
)
def actions(run: RunRecord) -> Finding:
    """Are the actions in the critic's batches those that were executed?

    Why: stored before noise or clipping, or in another scale, an action is credited with what
        another one did. With noise on them the critic learns the value of a blurred action; the
        noise of target smoothing belongs on the target policy's action alone.
    Remedy: store what was handed to env.step, in the scale in which the actor speaks; in the
        critic's loss use the batch's actions, the actor's own belong in its loss alone.
    Reference: SB3 stores the clipped, rescaled action; signals.md, faults: actions stored
        un-noised. Compared bit for bit as float32. Where none was executed, a transition is known
        by its pictures: TD3 paper, section 5.3, adds no noise to what is stored. Another trainer
        may go on with a memory of before, or with demonstrations: then there are more unknown rows
        than steps were told, or their observations are as unknown, which no mistake in storing
        actions makes.
    """
    assert run.wiring is not None
    seen = run.wiring.actions
    if not seen.told:
        return Finding(Verdict.NOT_RUN, "0 executed actions were told: recorder.step(action=...)")
    if seen.rows < MIN_ROWS:
        return Finding(Verdict.VACUOUS, f"{seen.rows} rows of batches seen, {MIN_ROWS} needed")
    share = seen.executed / seen.rows
    rows = f"{share:.1%} of {seen.rows:,} rows hold an executed action"
    found = _explained(run, share, rows) if share < LIMIT else None
    return found or fail_below(
        share,
        LIMIT,
        f"{rows}, limit {LIMIT:.0%}",
        unit="1",
        suspects=("action_path_wrong", "replay_wrong"),
    )


def _explained(run: RunRecord, share: float, rows: str) -> Finding | None:
    """Returns the finding on too few rows where it shows what the others hold, None elsewhere."""
    assert run.wiring is not None
    seen = run.wiring.actions
    if seen.own > OWN * seen.rows:
        return Finding(
            Verdict.FAIL,
            f"{rows}, limit {LIMIT:.0%}; {seen.own:,} hold the policy's present action instead: "
            "its value is learned from what the executed one earned",
            share,
            LIMIT,
            "1",
            suspects=("action_path_wrong", "replay_wrong"),
        )
    if seen.visits >= MIN_VISITS and seen.varied > VARIED * seen.visits:
        message = (
            f"{rows}: {seen.varied:,} of {seen.visits:,} times that a transition was seen again it "
            f"held another action, as if noise of {seen.added or 0:.2f} were added"
        )
        return Finding(Verdict.FAIL, message, share, LIMIT, "1", suspects=("smoothing_wrong",))
    if seen.zeros > OWN * seen.rows:
        message = f"{rows}; {seen.zeros:,} hold zeros instead, as slots do that were never written"
        return Finding(Verdict.FAIL, message, share, LIMIT, "1", suspects=("replay_wrong",))
    if seen.is_older and run.kind != "rca":
        return Finding(
            Verdict.NOT_RUN,
            f"{rows}; batches held more others than steps were told: the memory was filled before "
            "the recorder was there",
        )
    if _of_others(run):
        message = f"{rows}; nor were the others' observations told: they are of steps of before"
        return Finding(Verdict.NOT_RUN, message)
    return None


def _of_others(run: RunRecord) -> bool:
    """Tells whether a foreign memory's unknown rows are of steps that nobody told of."""
    assert run.wiring is not None
    seen = run.wiring.memory
    if run.kind == "rca" or seen is None or seen.rows - seen.unknown < MIN_ROWS:
        return False  # nothing shows that observations can be compared at all
    return not of_another_form(seen) - {"reward"} and seen.elsewhere >= ELSEWHERE * seen.never > 0
