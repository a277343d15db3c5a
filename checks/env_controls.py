"""Whether the car does with its controls what they are there for."""

import numpy as np
from numpy.typing import NDArray

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import before_updates, too_few
from rca.runs.record import RunRecord

Floats = NDArray[np.float64]
MIN_STEPS = 200
VARIED = 0.1
"""Standard deviation of a control below which it says nothing: a saturated policy's."""
RESPONSE = 0.3
"""Correlation of throttle minus brake with the change of speed from which the car answers: a tenth
of the variance. Calibrated in the embedded world: 0.57 to 0.86 in six stretches of 200 steps, half
of them a script's, 0.43 to 0.63 in six of uniform actions; of the steering -0.33 to 0.27."""
ANOTHER = 0.4
"""Of the steering, from which the speed follows it instead, if it does not follow the pedal: beyond
what it has there by chance, and by the script, which brakes in bends."""


@check(
    "env.controls",
    title="Controls and motion",
    needs=["env/speed", "explore/net_drive", "explore/steer"],
    severity=Severity.CRITICAL,
    driving=True,
)
def controls(run: RunRecord) -> Finding:
    """Does the pedal change the speed, and the steering not?

    Why: an action that arrives may still go to the wrong control, or to the pedal with the wrong
        sign; what is reported as applied says nothing of that, the car's motion does.
    Remedy: drive by hand: throttle alone, then steering alone; look at the order of the action's
        entries where they become a vehicle's control.
    Reference: system identification in its simplest form, Pearson's correlation of an input with
        its output (Ljung 1999, chapter 6). CARLA's VehicleControl takes throttle before steer.
        Steering that is turned round is not seen: only the speed is looked at.
    """
    if run.phase("random") is None:
        return Finding(Verdict.NOT_RUN, "0 steps are known to be random")
    pedal, steer, change, steps = _moves(run)
    few = too_few(len(change), MIN_STEPS, "steps of random actions within episodes")
    if few:
        return few
    if min(pedal.std(), change.std()) == 0 or pedal.std() < VARIED:
        spread = f"pedals vary by {pedal.std():.2g}, speed by {change.std():.2g} m/s a step"
        return Finding(Verdict.VACUOUS, f"{spread}: no response can be seen")
    of_pedal = float(np.corrcoef(pedal, change)[0, 1])
    of_steer = float(np.corrcoef(steer, change)[0, 1]) if steer.std() >= VARIED else 0.0
    message = (
        f"speed follows the pedal at {of_pedal:.2f}, the steering at {of_steer:.2f} "
        f"(correlation over {len(change):,} steps, limit {RESPONSE})"
    )
    place = (int(steps[0]), int(steps[-1]))
    is_exchanged = abs(of_steer) >= ANOTHER and of_pedal < RESPONSE
    if is_exchanged or of_pedal <= -RESPONSE:
        suspects = ("action_path_wrong",)
        return Finding(
            Verdict.FAIL, message, of_pedal, RESPONSE, "1", steps=place, suspects=suspects
        )
    if of_pedal < RESPONSE:
        return Finding(Verdict.VACUOUS, f"{message}: no response to be seen", steps=place)
    return Finding(Verdict.PASS, message, of_pedal, RESPONSE, "1", steps=place)


def _moves(run: RunRecord) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    """Returns throttle minus brake, steering, change of speed and step of steps within episodes.

    Those of the random phase, drawn or driven by a script: no policy has chosen them.
    """
    names = ("explore/net_drive", "explore/steer", "env/speed")
    signals = [run.signals[name] for name in names]
    steps = signals[0].steps
    for signal in signals[1:]:
        steps = np.intersect1d(steps, signal.steps)
    pedal, steer, speed = (s.values[np.searchsorted(s.steps, steps)] for s in signals)
    ends = run.episodes["end_step"].to_numpy()
    follows = (np.diff(steps) == 1) & ~np.isin(steps[:-1], ends)
    known = np.isfinite(pedal[1:] + steer[1:] + np.diff(speed))
    kept = np.flatnonzero(follows & known & (steps[1:] < before_updates(run))) + 1
    return pedal[kept], steer[kept], np.diff(speed)[kept - 1], steps[kept]
