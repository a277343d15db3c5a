"""Whether touching a lane marking ends episodes."""

import numpy as np

from rca.checking import Finding, check, fail_above
from rca.judging import MIN_EPISODES, too_few
from rca.runs.record import RunRecord


@check("episodes.lane_endings", title="Lane touches", needs=["episode/lane_invasions"])
def lane_endings(run: RunRecord) -> Finding:
    """Are there episodes with no or several lane touches?

    Why: where nearly every episode holds exactly one lane touch, the touch is what ends it: a
        lane-invasion sensor is used as a test for leaving the road, and an agent that is learning
        to steer never gets to correct itself.
    Remedy: measure the distance from the lane's centre and end the episode beyond a limit.
    Reference: defect D04 of the recorded runs; signals.md, "end reasons": one above 0.9.
    """
    touches = run.signals["episode/lane_invasions"]
    values = touches.finite()
    few = too_few(len(values), MIN_EPISODES, "episodes with a count of lane touches")
    if few:
        return few
    share = float(np.mean(values == 1))
    message = f"{share:.1%} of {len(values):,} episodes hold exactly one lane touch"
    first = touches.steps[touches.values == 1]
    onset = int(first[0]) if len(first) else None
    return fail_above(
        share, 0.9, message, unit="1", onset=onset, suspects=("lane_touch_terminates",)
    )
