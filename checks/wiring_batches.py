"""Whether batches come from all that was experienced."""

from rca.checking import Finding, Verdict, check
from rca.runs.record import RunRecord

REPEATED = 0.5
"""Share of rows that repeat another: a batch twice the size of what it is drawn from."""
REACH = 0.3
"""Share of the steps so far between the oldest and the newest row of a batch."""


@check("wiring.batches", title="Reach of batches", needs=["wiring.actions"])
def batches(run: RunRecord) -> Finding:
    """Are batches drawn from a long stretch of experience, without the same rows again and again?

    Why: a critic that sees the last few episodes only forgets the rest and follows its own drift.
    Remedy: look at the memory's capacity and at the range that its sampler draws from.
    Reference: Fedus et al. 2020 (capacity and age); the limits are those of a memory that holds
        less than a third of the run, or less than a batch, in the run's first updates.
    """
    assert run.wiring is not None
    seen = run.wiring.actions
    if seen.repeated is None or seen.reach is None:
        return Finding(Verdict.NOT_RUN, f"{seen.rows} rows of batches seen, steps unknown")
    message = f"batches reach over {seen.reach:.0%} of the steps and repeat {seen.repeated:.0%}"
    if seen.reach < REACH or seen.repeated > REPEATED:
        return Finding(
            Verdict.FAIL,
            f"{message}; limits {REACH:.0%} and {REPEATED:.0%}",
            seen.reach,
            suspects=("replay_wrong",),
        )
    return Finding(Verdict.PASS, message, seen.reach)
