"""Whether the stack of frames shows motion."""

import numpy as np

from rca.checking import Finding, Verdict, check
from rca.judging import Criterion, judge_criteria
from rca.runs.record import RunRecord

STANDING = 0.5
"""m/s; below it the picture may stay the same."""
SLACK = 0.1
"""Share of pairs that may be equal though the car moves (start)."""
FLAT = 0.001
"""Spread of pixels in [0, 1] below which the picture shows nothing."""


@check("observation.frames", title="Frames show motion")
def frames(run: RunRecord) -> Finding:
    """Do the frames of an observation differ where the car moves, and show anything?

    Why: equal frames show no speed, so that one observation asks for several actions.
    Remedy: look at stacks from the memory; store every frame of a step once.
    Reference: signals.md, "observation": std < 0.001, duplicate frames in the stack. Equal frames
        are held against the share of steps below 0.5 m/s.
    """
    criteria = [c for c in (_duplicates(run), _spread(run)) if c is not None]
    if not criteria:
        return Finding(
            Verdict.NOT_RUN,
            "not recorded: observation/duplicates beside env/speed, observation/spread",
        )
    return judge_criteria(criteria, suspects=("frames_wrong",))


def _duplicates(run: RunRecord) -> Criterion | None:
    equal, speed = run.signals.get("observation/duplicates"), run.signals.get("env/speed")
    if equal is None or speed is None or not (len(equal.finite()) and len(speed.finite())):
        return None
    share, standing = equal.median(), float(np.mean(speed.finite() < STANDING))
    text = f"{share:.0%} of stacks end in equal frames, the car stands in {standing:.0%} of steps"
    return Criterion(text, share <= standing + SLACK)


def _spread(run: RunRecord) -> Criterion | None:
    spread = run.signals.get("observation/spread")
    if spread is None or not len(spread.finite()):
        return None
    value = spread.median()
    return Criterion(f"pixels spread by {value:.3g}, wanted {FLAT} or more", value >= FLAT)
