"""Whether the speed that the reward wants is a speed in metres per second."""

import math

from rca.checking import Finding, Verdict, check, fail_below
from rca.judging import as_number, number, vacuous
from rca.runs.record import RunRecord

WALKING = 1.4
"""m/s; a car that is to drive as slowly is not driving (Bohannon 1997: comfortable gait)."""
NAMES = ("target_speed", "desired_speed", "target_speed_ms", "speed_target")


@check("config.speed_unit", title="Unit of the wanted speed")
def speed_unit(run: RunRecord) -> Finding:
    """Is the wanted speed one that a car drives at?

    Why: a normalised speed (0 to 1) held against metres per second pays most for crawling, and
        counts every real speed as far too fast.
    Remedy: give the wanted speed in the unit of the measured one; name the unit in the key.
    Reference: signals.md, "unit check"; defect D26. Limit: walking pace, 1.4 m/s.
    """
    weight = number(run, "env.reward.speed")
    if weight == 0:
        return vacuous("env.reward.speed is 0: no speed is wanted")
    wanted = {
        key: value
        for key, declared in run.config.items()
        if key.rpartition(".")[2].rpartition(":")[2] in NAMES
        and not math.isnan(value := as_number(declared))
    }
    if not wanted:
        return Finding(Verdict.NOT_RUN, f"not declared: any of {', '.join(NAMES)}")
    key = min(wanted, key=lambda name: wanted[name])
    return fail_below(
        wanted[key],
        WALKING,
        f"{key} is {wanted[key]:.3g} m/s, a walker's pace is {WALKING} m/s",
        unit="m/s",
        suspects=("units_mixed",),
    )
