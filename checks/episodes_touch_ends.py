"""Whether an episode goes on after a lane marking was touched."""

from rca.checking import Finding, Severity, check, fail_above
from rca.judging import too_few
from rca.runs.record import RunRecord

MIN_TOUCHED = 5
"""Episodes with a touch; all of five ending with it by chance would be strange even if one in two
did (3%)."""
LIMIT = 0.9


@check(
    "episodes.touch_ends",
    title="Endings by a touch",
    needs=["episode/after_touch"],
    severity=Severity.CRITICAL,
    driving=True,
)
def touch_ends(run: RunRecord) -> Finding:
    """Does an episode go on after a lane marking was touched?

    Why: a car that leaves the road drives on for some steps after it touched the marking; where the
        episode ends in the very step of the touch, the touch ends it, and an agent that is learning
        to steer never gets to correct itself.
    Remedy: measure the distance from the lane's centre and end the episode beyond a limit.
    Reference: defect D04 of the recorded runs; signals.md, "end reasons": one above 0.9. Steps from
        the first touch to the end, counted by the environment.
    """
    signal = run.signals["episode/after_touch"]
    values = signal.finite()
    few = too_few(len(values), MIN_TOUCHED, "episodes with a lane touch")
    if few:
        return few
    at_once = values == 0
    return fail_above(
        float(at_once.mean()),
        LIMIT,
        f"{at_once.sum():,.0f} of {len(values):,} episodes with a lane touch end in its step",
        unit="1",
        onset=int(signal.steps[signal.values == 0][0]) if at_once.any() else None,
        suspects=("lane_touch_terminates",),
    )
