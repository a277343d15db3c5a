"""What the wall clock of a recording tells: seconds per step, and axes that are not steps."""

from collections.abc import Mapping, Sequence

import numpy as np

from rca.runs.part import Floats, Series
from rca.runs.record import Signal
from rca.runs.tags import EVALUATION, Tag

STEP_SECONDS = "env/step_seconds"
KEEPS_TIME = ("replay/size", "env/speed", "env/reward", "env/episode_steps")
"""Signals that a training loop logs over environment steps; one of them relates clock and steps."""
FEWEST = 5
"""Records from which on a signal relates clock and steps, or can be said not to fit."""
MISFIT = 0.1
"""Share of the recorded steps by which an axis must typically be off to be no axis of steps."""


def by_clock(joined: Sequence[Series], known: Mapping[str, Tag], gaps: list[str]) -> list[Series]:
    """Places tags by the clock whose own axis counts something else (updates, log calls).

    Args:
        joined: The tags over steps, records in order of step.
        known: Meaning of each tag.
        gaps: Gets a line per tag placed.
    """
    timed = [
        series
        for series in joined
        if known[series.tag].signal in KEEPS_TIME
        and len(series.steps) >= FEWEST
        and bool(np.all(np.diff(series.walls) > 0))
    ]
    if not timed:
        return list(joined)
    reference = max(timed, key=lambda series: len(series.steps))
    return [_placed(series, reference, gaps) for series in joined]


def _placed(series: Series, reference: Series, gaps: list[str]) -> Series:
    if len(series.steps) < FEWEST or not np.isfinite(series.walls).all():
        return series
    shown = np.interp(series.walls, reference.walls, reference.steps)
    off = float(np.median(np.abs(shown - series.steps)))
    if off <= MISFIT * float(reference.steps[-1]):
        return series
    order = np.argsort(series.walls, kind="stable")
    gaps.append(
        f"{series.tag}: its x axis is not environment steps (typically {off:,.0f} off by the clock "
        f"of {reference.tag}); its records were placed by the clock"
    )
    steps = np.round(shown[order]).astype(np.int64)
    return Series(series.tag, steps, series.values[order], series.walls[order])


def step_seconds(
    files: Sequence[Sequence[Series]],
    over_steps: set[str],
    known: Mapping[str, Tag],
    gaps: list[str],
) -> Signal | None:
    """Returns wall-clock seconds per training step, None where no clock was recorded."""
    is_evaluation = {tag for tag in over_steps if known[tag].signal.startswith(EVALUATION)}
    steps, seconds = [], []
    for file in files:
        training = [
            series
            for series in file
            if series.tag in over_steps - is_evaluation
            and len(series.steps) > 1
            and np.isfinite(series.walls).any()
        ]
        if not training:
            continue
        series = max(training, key=lambda item: len(np.unique(item.steps)))
        evaluated = [item.walls for item in file if item.tag in is_evaluation]
        rate = _rate(series, np.sort(np.concatenate(evaluated)) if evaluated else np.empty(0))
        with np.errstate(invalid="ignore", over="ignore"):
            back = int(np.count_nonzero(np.diff(series.walls) < 0))
        if back:
            gaps.append(f"{series.tag}: the clock goes back {back} times; no step time there")
        steps.append(series.steps[1:])
        seconds.append(rate)
    if not steps:
        return None
    order = np.argsort(np.concatenate(steps), kind="stable")
    values = np.concatenate(seconds)[order]
    if not np.isfinite(values).any():
        return None
    return Signal(STEP_SECONDS, "s", np.concatenate(steps)[order], values, "wall clock")


def _rate(series: Series, evaluated: Floats) -> Floats:
    """Returns seconds per step of each interval, NaN where that is not what the clock shows."""
    with np.errstate(invalid="ignore", over="ignore"):
        elapsed, taken = np.diff(series.walls), np.diff(series.steps)
    before = np.searchsorted(evaluated, series.walls[:-1], side="right")
    after = np.searchsorted(evaluated, series.walls[1:], side="right")
    valid = (elapsed >= 0) & (taken > 0) & (before == after)
    return np.where(valid, elapsed / np.where(taken > 0, taken, 1), np.nan)
