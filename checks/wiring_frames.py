"""Whether the networks see frames in the order in which they were taken."""

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import Criterion, judge_criteria
from rca.runs.record import RunRecord

LIMIT = 0.9
"""Share; the first step after an unseen end of an episode shares frames by chance."""
MIN_SEEN = 10
"""Steps or rows; by chance two frames stand in order every second time: 0.5**10 = 0.1%."""


@check(
    "wiring.frames",
    title="Frames as seen by the networks",
    needs=["wiring.inputs"],
    severity=Severity.MAJOR,
)
def frames(run: RunRecord) -> Finding:
    """Do frames move on by one per step where the agent acts, and stay in order where it learns?

    Why: a stack may be in order in the memory and shuffled on its way to a network; motion is in
        the order.
    Remedy: look for a transpose, permutation or reshape between the memory and the encoder.
    Reference: Mnih et al. 2015, Methods (frame stacking). What enters the first convolution, pixel
        by pixel: acting passes against the one before, rows of batches against the acting pass of
        the same step. Augmented pictures equal no other and are left out.
    """
    assert run.wiring is not None
    seen = run.wiring.frames
    if seen is None or not (seen.sharing or seen.learned):
        return Finding(Verdict.NOT_RUN, "0 pictures share a frame: no stack, or all augmented")
    acting, learning = (
        Criterion(f"{part:,} of {whole:,} {what}", part >= LIMIT * whole)
        if whole >= MIN_SEEN
        else None
        for part, whole, what in (
            (seen.moved, seen.sharing, "acting passes move the stack on"),
            (seen.kept, seen.learned, "rows of batches hold the frames in the order acted on"),
        )
    )
    criteria = [criterion for criterion in (acting, learning) if criterion is not None]
    if not criteria:
        message = f"{seen.sharing} steps and {seen.learned} rows seen, {MIN_SEEN} needed"
        return Finding(Verdict.VACUOUS, message)
    return judge_criteria(criteria, suspects=("frames_wrong",))
