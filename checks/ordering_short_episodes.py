"""Whether short episodes are older than the first update."""

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import (
    MIN_EPISODES,
    STEP_SECONDS,
    Floats,
    before_updates,
    column,
    first_update,
    number,
    too_few,
)
from rca.runs.record import RunRecord

SHORT = 50
"""Steps. seed.md expects 50 to 100 of the exploring agent in its first 10,000 steps."""
INSTANT = 1.0
"""Simulated seconds. From a standstill a car cannot drive off its lane or into anything in less,
so an episode that is over sooner was ended by the environment, whatever the actions."""
WINDOW = 20
"""Episodes over which the typical length is taken."""
MIN_EARLY = 5
"""Episodes before the first update; with fewer there is no "before" to speak of."""
SUSPECTS = (
    "evaluation_disturbs_simulator",
    "lane_touch_terminates",
    "simulator_asynchronous",
)


@check(
    "ordering.short_episodes",
    title="Short episodes against the first update",
    needs=["episodes.length", "episodes.end_step", "phases"],
    severity=Severity.CRITICAL,
    driving=True,
)
def short_episodes(run: RunRecord) -> Finding:
    """Are episodes short before anything was learned?

    Why: learning rates, batch size, target networks and whatever else acts through updates cannot
        cause what is there before the first update.
    Remedy: look for the cause in what acts from the first step on: reset, termination rules,
        what an evaluation leaves behind in the simulator, random actions.
    Reference: signals.md, "ordering"; short: seed.md, "Expected Training Progression" (50 steps);
        FAIL below one simulated second, WARN below 50 steps.
    """
    table = column(run.episodes, "length", "end_step")
    few = too_few(len(table), MIN_EPISODES, "episodes")
    if few:
        return few
    typical = float(np.median(table[:, 0]))
    if typical >= SHORT:
        message = f"episodes are not short: median {typical:,.0f} steps"
        return Finding(Verdict.PASS, message, typical, SHORT, "steps")
    first = before_updates(run)
    early = table[table[:, 1] < first]
    few = too_few(len(early), MIN_EARLY, f"episodes before update 1 ({_place(run)})")
    if few:
        return few
    begin = _onset(early[:, 0])
    if begin is None:
        message = (
            f"median length {typical:,.0f} steps, but {np.median(early[:, 0]):,.0f} before update "
            f"1 ({_place(run)}): episodes became short after it, so ordering clears nobody"
        )
        return Finding(Verdict.PASS, message, float(np.median(early[:, 0])), SHORT, "steps")
    return _older(run, early, begin)


def _onset(lengths: Floats) -> int | None:
    """Returns the index of the first short episode of a window whose median is short."""
    size = min(WINDOW, len(lengths))
    windows = np.lib.stride_tricks.sliding_window_view(lengths, size)
    short = np.flatnonzero(np.median(windows, axis=1) < SHORT)
    if not len(short):
        return None
    start = int(short[0])
    return start + int(np.flatnonzero(lengths[start:] < SHORT)[0])


def _place(run: RunRecord) -> str:
    first = first_update(run)
    return "the run has no update" if first is None else f"update 1 came at {first}"


def _older(run: RunRecord, early: Floats, begin: int) -> Finding:
    """Returns the answer for short episodes that are there before the first update."""
    lengths, onset = early[:, 0], int(early[begin, 1] - early[begin, 0]) + 1
    num, typical = int(np.sum(lengths < SHORT)), float(np.median(lengths[begin:]))
    message = (
        f"{num:,} of {len(lengths):,} episodes before any update are shorter than {SHORT} steps "
        f"(median {typical:,.0f}), the first from step {onset:,} on; {_place(run)}: learning "
        "rates, batch size, target networks and everything else that acts through updates are "
        "refuted as their cause"
    )
    dt = number(run, "env.dt")
    instant = typical * (STEP_SECONDS if np.isnan(dt) else dt) < INSTANT
    verdict = Verdict.FAIL if instant else Verdict.WARN
    last, accused = int(early[-1, 1]), SUSPECTS if instant else ()
    return Finding(verdict, message, typical, SHORT, "steps", (onset, last), onset, accused)
