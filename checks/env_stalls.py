"""Whether the simulator hangs."""

import numpy as np

from rca.checking import Finding, Severity, check, fail_above
from rca.judging import MIN_READINGS, column, too_few
from rca.runs.record import RunRecord

LOST_SECONDS = 60.0
"""One time-out of the real client is 10 s by default; a minute is no fluctuation (start)."""


@check("env.stalls", title="Simulator stalls", needs=["env/step_seconds"], severity=Severity.MAJOR)
def stalls(run: RunRecord) -> Finding:
    """Does the simulator answer without long waits?

    Why: a server that hangs in a tick loses the episode, and often the run.
    Remedy: give every client call a time-out; restart the server and mark the episode as a
        simulator fault.
    Reference: signals.md, "step time" (time-outs); defect D16. Seconds beyond the median in one
        logging interval without an evaluation.
    """
    times = run.signals["env/step_seconds"]
    known = np.isfinite(times.values)
    steps, seconds = times.steps[known], times.values[known]
    few = too_few(len(seconds), MIN_READINGS, "readings of the step time")
    if few:
        return few
    gaps = np.diff(steps, prepend=steps[0] - 1)
    lost = (seconds - np.median(seconds)) * np.maximum(gaps, 1)
    at = np.sort(column(run.evaluations, "step"))
    spans = np.searchsorted(at, steps, side="left") != np.searchsorted(
        at, steps - gaps, side="left"
    )
    lost = np.where(spans, 0.0, lost)
    # A level that lasts is another question (evaluation.step_time): only lone readings count.
    lone = np.abs(seconds) > 10 * np.maximum(np.roll(seconds, 1), np.roll(seconds, -1))
    lost = np.where(lone, lost, 0.0)
    worst = int(np.argmax(lost))
    message = f"longest stall {lost[worst]:,.1f} s, before step {steps[worst]:,}"
    onset = int(steps[worst])
    return fail_above(
        float(lost[worst]),
        LOST_SECONDS,
        message,
        unit="s",
        onset=onset,
        suspects=("simulator_hangs",),
    )
