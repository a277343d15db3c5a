"""Whether the frame stack is a queue of frames in time."""

from rca.checking import Finding, Severity, check, fail_below
from rca.runs.record import RunRecord

LIMIT = 0.95
"""Share; the first step after a repeated first frame may look alike either way."""


@check(
    "env.frame_stack",
    title="Frame stack",
    needs=["env/stack_moves"],
    severity=Severity.MAJOR,
)
def frame_stack(run: RunRecord) -> Finding:
    """Does each observation hold the newer frames of the one before it?

    Why: motion is in the order of frames; shuffled, repeated or stale ones show none.
    Remedy: look at the stack as pictures: oldest first, one new frame per step.
    Reference: Mnih et al. 2015, Methods (frame stacking); RLMutation: missing state update.
    """
    signal = run.signals["env/stack_moves"]
    share = float(signal.finite().mean())
    return fail_below(
        share,
        LIMIT,
        f"{share:.1%} of {len(signal.finite()):,} steps move the stack on by one frame, "
        f"limit {LIMIT:.0%}",
        unit="1",
        steps=(int(signal.steps[0]), int(signal.steps[-1])),
        suspects=("frames_wrong",),
    )
