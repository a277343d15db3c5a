"""What standing still earns."""

import numpy as np

from rca.checking import Finding, Severity, check, fail_above
from rca.judging import common, too_few
from rca.runs.record import RunRecord

STILL = 0.1
"""m/s; lower than the 0.5 m/s of "standing still", so that a rolling car is left out."""
MIN_STILL = 5


@check(
    "reward.idle_pays",
    title="Reward for standing still",
    needs=["env/reward", "env/speed"],
    severity=Severity.CRITICAL,
    driving=True,
)
def idle_pays(run: RunRecord) -> Finding:
    """Does a step without moving cost something?

    Why: if standing still is paid, the shortest way to a good return is not to drive.
    Remedy: potential-based shaping must use gamma * phi(next) - phi(now) with phi = 0 at the end,
        and phi must not be a large negative distance; add a cost per step.
    Reference: signals.md, "reward probe": idle > 0; defect D10. Median reward below 0.1 m/s.
    """
    _, reward, speed = common(run.signals["env/reward"], run.signals["env/speed"])
    idle = reward[np.abs(speed) < STILL]
    few = too_few(len(idle), MIN_STILL, f"rewards at a speed below {STILL} m/s")
    if few:
        return few
    typical = float(np.median(idle))
    message = (
        f"median reward {typical:,.3g} in {len(idle):,} of {len(reward):,} steps at standstill"
    )
    return fail_above(typical, 0.0, message, suspects=("idling_pays",))
