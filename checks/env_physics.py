"""Whether the car moves as a car can."""

import numpy as np
from numpy.typing import NDArray

from rca.checking import Finding, check, fail_above
from rca.judging import MIN_READINGS, STEP_SECONDS, column, number, too_few
from rca.runs.record import RunRecord

LIMIT = 15.0
SHARE = 0.01


@check("env.physics", title="Physics", needs=["env/speed"], driving=True)
def physics(run: RunRecord) -> Finding:
    """Does speed change between two steps only as fast as tyres allow?

    Why: a jump in speed within one step means that ticks were lost or the world was reloaded
        between two observations.
    Remedy: check synchronous mode, and that one client alone calls tick.
    Reference: signals.md, "physics": 15 m/s^2, about 1.5 g; FAIL above 1% of the steps, because
        resets and collisions are counted too where a recording does not place them.
    """
    speed = run.signals["env/speed"]
    next_step = np.diff(speed.steps) == 1
    few = too_few(int(next_step.sum()), MIN_READINGS, "pairs of consecutive speeds")
    if few:
        return few
    dt = number(run, "env.dt")
    change = np.abs(np.diff(speed.values)) / (dt if dt > 0 else STEP_SECONDS)
    judged = change[next_step & ~_edges(run, speed.steps[1:]) & np.isfinite(change)]
    few = too_few(len(judged), MIN_READINGS, "pairs of consecutive speeds within episodes")
    if few:
        return few
    share = float(np.mean(judged > LIMIT))
    message = f"{share:.2%} of {len(judged):,} steps change speed by more than {LIMIT:.0f} m/s^2"
    suspects = ("simulator_asynchronous", "evaluation_disturbs_simulator")
    return fail_above(share, SHARE, message, unit="1", suspects=suspects)


def _edges(run: RunRecord, steps: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tells which steps begin an episode, from rest again, or end it, perhaps in a collision."""
    first, last = column(run.episodes, "start_step") + 1, column(run.episodes, "end_step")
    return np.isin(steps, first) | np.isin(steps, last)
