"""Whether batches come from all that was experienced."""

from rca.checking import Finding, Verdict, check
from rca.runs.record import RunRecord

BETWEEN = 0.5
"""Of the way from what an even draw repeats to nothing but repetition."""
REACH = 0.3
"""Share of the steps so far between the oldest and the newest row of a batch."""


@check("wiring.batches", title="Reach of batches", needs=["wiring.actions"])
def batches(run: RunRecord) -> Finding:
    """Are batches drawn from a long stretch of experience, without the same rows again and again?

    Why: a critic that sees the last few episodes only forgets the rest and follows its own drift.
    Remedy: look at the memory's capacity and at the range that its sampler draws from.
    Reference: Fedus et al. 2020 (capacity and age); the limits are those of a memory that holds
        less than a third of the run in its first updates, and half-way from what an even draw from
        all steps so far repeats, on average, to one row over and over: a batch may be larger than
        what there is to draw from.
    """
    assert run.wiring is not None
    seen = run.wiring.actions
    if seen.repeated is None or seen.reach is None:
        return Finding(Verdict.NOT_RUN, f"{seen.rows} rows of batches seen, steps unknown")
    evenly = seen.evenly or 0.0
    limit = evenly + BETWEEN * (1 - evenly)
    message = f"batches reach over {seen.reach:.0%} of the steps and repeat {seen.repeated:.0%}"
    if seen.reach < REACH or seen.repeated > limit:
        return Finding(
            Verdict.FAIL,
            f"{message}; limits {REACH:.0%} and {limit:.0%}",
            seen.reach,
            suspects=("replay_wrong",),
        )
    return Finding(Verdict.PASS, message, seen.reach)
