"""Whether one episode is repeated over and over."""

from collections import Counter

from rca.checking import Finding, check, fail_above
from rca.judging import column, learned_episodes, too_few
from rca.runs.record import RunRecord

MIN_IDENTICAL = 5
"""Episodes; two floats that agree to the last digit are rare enough to need no more."""


@check(
    "episodes.identical",
    title="Identical episodes",
    needs=["episodes.length", "episodes.return", "phases"],
    driving=True,
)
def episodes_identical(run: RunRecord) -> Finding:
    """Do the learning phase's episodes differ from one another?

    Why: episodes that agree in length and return to the last digit are one behaviour without
        variation, in spite of exploration noise: a car that stands still, or actions pinned at
        their bound.
    Remedy: look at speed and actions; ask what the reward pays for standing still.
    Reference: signals.md, "standing still" and "dead actor"; limit one half (start).
    """
    table = column(learned_episodes(run), "length", "return", "start_step")
    few = too_few(len(table), MIN_IDENTICAL, "episodes in the learning phase")
    if few:
        return few
    counts = Counter((length, total) for length, total, _ in table.tolist())
    (length, total), num = counts.most_common(1)[0]
    share = num / len(table)
    message = (
        f"{num} of {len(table)} episodes of the learning phase have length {length:,.0f} and "
        f"return {total:,.2f}"
    )
    onset = next(int(start) + 1 for a, b, start in table.tolist() if (a, b) == (length, total))
    suspects = ("idling_optimal", "actor_saturated", "encoder_frozen", "idling_pays")
    return fail_above(
        share if num > 1 else 0.0, 0.5, message, unit="1", onset=onset, suspects=suspects
    )
