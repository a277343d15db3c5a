"""Whether random actions move the car."""

import numpy as np

from rca.checking import Finding, Severity, check, fail_below
from rca.judging import MIN_DRIVE, MIN_READINGS, place, span, too_few, vacuous
from rca.runs.record import Phase, RunRecord


@check(
    "env.random_drive",
    title="Random actions drive",
    needs=["env/speed", "phases"],
    severity=Severity.CRITICAL,
    driving=True,
)
def random_drive(run: RunRecord) -> Finding:
    """Do random actions move the car?

    Why: one axis for throttle and a brake as strong, drawn evenly around zero, gives no net force;
        the replay buffer then holds one situation, thousands of times.
    Remedy: draw throttle from [0, 1] in the random phase, or hold each random action for some
        steps.
    Reference: signals.md, "net drive in the random phase": median below 0.3 m/s.
    """
    phase = run.phase("random")
    if phase is None:
        return vacuous("the run has no random phase")
    speed = run.signals["env/speed"].between(phase.first_step, phase.last_step).finite()
    length = phase.last_step - phase.first_step + 1
    few = too_few(length, MIN_DRIVE, "steps in the random phase")
    few = few or too_few(len(speed), MIN_READINGS, "readings of the speed in the random phase")
    if few:
        return few
    still = float(np.mean(speed < 0.5))
    message = (
        f"median {np.median(speed):.2f} m/s in the {place(phase)}, {still:.0%} below 0.5 m/s, "
        f"{len(speed):,} readings{_net_drive(run, phase)}"
    )
    return fail_below(
        float(np.median(speed)),
        0.3,
        message,
        unit="m/s",
        steps=span(phase),
        onset=phase.first_step,
        suspects=("no_net_force",),
    )


def _net_drive(run: RunRecord, phase: Phase) -> str:
    drive = run.signals.get("explore/net_drive")
    values = drive.between(*span(phase)).finite() if drive is not None else np.zeros(0)
    return f"; mean throttle minus brake {values.mean():+.3f}" if len(values) else ""
