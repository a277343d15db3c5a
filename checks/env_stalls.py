"""Whether the simulator hangs."""

import numpy as np

from rca.checking import Finding, Severity, check, fail_above
from rca.judging import MIN_READINGS, Floats, column, too_few, vacuous
from rca.runs.record import RunRecord

LOST_SECONDS = 60.0
"""One time-out of the real client is 10 s by default; a minute is no fluctuation (start)."""
FEWEST = 6
"""Readings from which on a stall stands out: it is less than a fifth of them (start)."""
LEVEL = 5
"""High readings in a row from which they are a level. One wait falls into one reading, or two where
it straddles their border, and a restart may add one more."""
ROUNDS = 3
"""Distances between waits from which on they can be said to be even."""
FAR = 10.0
"""Times what a reading is coarse by, from which on a few distances can be called even."""
MANY = 8
"""Distances that no chance makes even, however coarse readings are."""
EVEN = 0.1
"""Of their mean, within which these are: a hanging simulator keeps no time (start)."""
HIGH = 10.0
"""Times the median step time, above which a reading belongs to a stall (start)."""


@check("env.stalls", title="Simulator stalls", needs=["env/step_seconds"], severity=Severity.MAJOR)
def stalls(run: RunRecord) -> Finding:
    """Does the simulator answer without long waits?

    Why: a server that hangs in a tick loses the episode, and often the run.
    Remedy: give every client call a time-out; restart the server and mark the episode as a
        simulator fault.
    Reference: signals.md, "step time" (time-outs); defect D16. Seconds beyond the median, in
        consecutive readings (fewer than 5) above 10 times the median without an evaluation. Waits
        that come again at even distances are the trainer's own rounds (updates, checkpoints).
    """
    times = run.signals["env/step_seconds"]
    known = np.isfinite(times.values)
    steps, seconds = times.steps[known], times.values[known]
    few = too_few(len(seconds), FEWEST, "readings of the step time")
    if few:
        return few
    gaps = np.diff(steps, prepend=steps[0] - 1)
    lost = (seconds - np.median(seconds)) * np.maximum(gaps, 1)
    at = np.sort(column(run.evaluations, "step"))
    spans = np.searchsorted(at, steps, side="left") != np.searchsorted(
        at, steps - gaps, side="left"
    )
    lost = np.where(spans, 0.0, lost)
    found = _stalls(seconds, lost)
    size, start, length = max(found, default=(0.0, 0, 0))
    few = too_few(len(seconds), MIN_READINGS, "readings of the step time without a stall")
    if few and size <= LOST_SECONDS:
        return few
    rounds = steps[[first for lasted, first, _ in found if lasted > size / 2]]
    between = np.diff(rounds)
    apart = 2 * np.median(gaps)  # a reading is as coarse as that, at either end
    is_even = len(between) >= ROUNDS and np.ptp(between) <= EVEN * between.mean() + apart
    if is_even and (len(between) >= MANY or between.mean() >= FAR * apart):
        return vacuous(
            f"{len(rounds)} waits of up to {size:,.1f} s, one every {between.mean():,.0f} steps: "
            "the trainer's own rounds"
        )
    onset = int(steps[start])
    message = f"longest stall {size:,.1f} s" + (
        f", in {length} reading(s) from step {onset:,} on" if length else ""
    )
    return fail_above(
        size,
        LOST_SECONDS,
        message,
        unit="s",
        onset=onset,
        suspects=("simulator_hangs",),
    )


def _stalls(seconds: Floats, lost: Floats) -> list[tuple[float, int, int]]:
    """Returns seconds lost, first index and length of each run of high readings.

    A run of LEVEL or more is a level, which is another question (evaluation.step_time).
    """
    high = (seconds > HIGH * np.median(seconds)) & (lost > 0)
    edges = np.flatnonzero(np.diff(high, prepend=False, append=False))
    runs = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return [(float(lost[a:b].sum()), a, b - a) for a, b in runs if b - a < LEVEL]
