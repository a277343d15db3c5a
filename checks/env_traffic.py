"""Whether the other cars drive."""

import numpy as np

from rca.checking import Finding, check, fail_below
from rca.judging import STEP_SECONDS, number, too_few
from rca.runs.record import RunRecord

STANDING = 0.1
"""m/s that a standing car's physics may show (start)."""
CYCLE_SECONDS = 60.0
"""Simulated seconds within which some car has left a red light (start)."""


@check("env.traffic", title="Traffic", needs=["env/traffic_speed"], driving=True)
def traffic(run: RunRecord) -> Finding:
    """Do other cars move?

    Why: cars that stand where they were spawned block the route, and an agent among them learns
        nothing of traffic.
    Remedy: call set_autopilot(True) on every spawned vehicle, with the traffic manager in
        synchronous mode if the world is.
    Reference: defect D23 of the recorded runs; median over at least a simulated minute, which is
        longer than a traffic light stays red, of their mean speed: a car that is pushed moves
        for a moment (start).
    """
    speeds = run.signals["env/traffic_speed"].finite()
    dt = number(run, "env.dt")
    needed = round(CYCLE_SECONDS / (dt if dt > 0 else STEP_SECONDS))
    few = too_few(len(speeds), needed, "readings of the other cars' speed")
    if few:
        return few
    usual = float(np.median(speeds))
    message = f"other cars drive at {usual:,.2f} m/s in half of {len(speeds):,} readings"
    return fail_below(usual, STANDING, message, unit="m/s", suspects=("traffic_frozen",))
