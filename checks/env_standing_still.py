"""Whether the car moves."""

import numpy as np

from rca.checking import Finding, Severity, check, fail_above
from rca.judging import MIN_DRIVE, MIN_READINGS, place, vacuous
from rca.runs.record import Phase, RunRecord, Signal

STILL = 0.5
"""m/s."""


@check(
    "env.standing_still",
    title="Standing still",
    needs=["env/speed"],
    severity=Severity.CRITICAL,
    driving=True,
)
def standing_still(run: RunRecord) -> Finding:
    """Does the car move in every phase?

    Why: a car that stands still sees one picture and one reward; neither random actions nor a
        policy can then teach anything about driving.
    Remedy: random phase: check that throttle and brake do not cancel out. Learning phase: check
        what the reward pays for standing still against what one mistake costs.
    Reference: signals.md, "standing still": share below 0.5 m/s, limit 0.8 (start).
    """
    speed = run.signals["env/speed"]
    parts = {place(phase): _part(speed, phase) for phase in run.phases} or {"run": speed}
    seen = {name: part for name, part in parts.items() if _is_long(part)}
    if not seen:
        return vacuous(
            f"{len(speed.finite())} readings of the speed; {MIN_READINGS} over {MIN_DRIVE} steps "
            "of one phase are needed to judge"
        )
    shares = {name: _share(part) for name, part in seen.items()}
    name, worst = max(shares.items(), key=lambda item: item[1])
    listed = ", ".join(f"{share:.0%} of the {name}" for name, share in shares.items())
    part = seen[name]
    still = part.steps[part.values < STILL]
    return fail_above(
        worst,
        0.8,
        f"below {STILL} m/s: {listed}; {len(speed.finite()):,} readings",
        unit="1",
        steps=(int(part.steps[0]), int(part.steps[-1])),
        onset=int(still[0]) if len(still) else None,
        suspects=("no_net_force", "idling_optimal", "idling_pays"),
    )


def _part(speed: Signal, phase: Phase) -> Signal:
    return speed.between(phase.first_step, phase.last_step)


def _is_long(part: Signal) -> bool:
    readings = len(part.finite())
    return readings >= MIN_READINGS and int(part.steps[-1] - part.steps[0]) >= MIN_DRIVE - 1


def _share(part: Signal) -> float:
    return float(np.mean(part.finite() < STILL))
