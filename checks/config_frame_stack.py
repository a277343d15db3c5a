"""How many frames the agent sees at once."""

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import number
from rca.runs.record import RunRecord


@check(
    "config.frame_stack",
    title="Frames at once",
    needs=["config.env.frame_stack"],
    severity=Severity.MINOR,
)
def frame_stack(run: RunRecord) -> Finding:
    """Does the agent see more than one frame at once?

    Why: a single frame shows no motion; what speed the vector does not tell has to be guessed.
    Remedy: stack two to four frames.
    Reference: Mnih et al. 2015, Methods: 4; DrQ-v2: 3. A WARN: the vector may tell the speed.
    """
    frames = number(run, "env.frame_stack")
    if not frames >= 1:
        return Finding(Verdict.NOT_RUN, "env.frame_stack is no number of at least 1")
    message = f"{frames:.0f} frames at once"
    if frames >= 2:
        return Finding(Verdict.PASS, message, frames)
    return Finding(Verdict.WARN, f"{message}, 2 show motion", frames, suspects=("frames_wrong",))
