"""Whether the random phase stays of one kind."""

import math

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import MIN_EPISODES, Floats, column, random_episodes, too_few, vacuous
from rca.runs.record import RunRecord
from rca.stats import Shift, possible_shifts, shifts

FACTOR = 2.0
"""Smallest ratio of two typical lengths that matters."""


@check(
    "ordering.random_phase",
    title="Random phase of one kind",
    needs=["episodes.length", "phases"],
    severity=Severity.CRITICAL,
)
def random_phase(run: RunRecord) -> Finding:
    """Do episodes stay of one kind while actions are random and nothing is learned?

    Why: random actions do not change, so a change in what they lead to is a change of the
        environment, and nothing about the learner can have caused it.
    Remedy: look what happens at the step named: an evaluation, a reload, a lost connection.
    Reference: signals.md, "ordering"; change points by ruptures, kept where a rank-sum test says
        p < 0.01 after correction and the typical length changes by a factor 2. Such a change with
        fewer than 20 episodes on one side that the test cannot tell from chance is VACUOUS.
    """
    table = column(random_episodes(run), "length", "start_step")
    table = table[table[:, 0] > 0]
    few = too_few(len(table), MIN_EPISODES, "random episodes")
    if few:
        return few
    logs = np.log(table[:, 0])
    found = [shift for shift in shifts(logs) if _matters(shift)]
    unsure = [s for s in possible_shifts(logs) if _matters(s) and s.fewest < MIN_EPISODES]
    if not found and unsure:
        return vacuous(f"{_listed(unsure, table)}; too few episodes on one side to exclude chance")
    if not found:
        message = f"{len(table):,} random episodes, no change of level in their length"
        return Finding(Verdict.PASS, message, value=1.0, limit=FACTOR, unit="1")
    worst = min(found, key=lambda shift: shift.p)
    before, after = np.exp(worst.before), np.exp(worst.after)
    onset = int(table[worst.index, 1]) + 1
    message = f"{_listed(found, table)}; no policy was in force, so the environment changed"
    ratio = float(max(before / after, after / before))
    suspects = ("evaluation_disturbs_simulator", "simulator_asynchronous")
    return Finding(Verdict.FAIL, message, ratio, FACTOR, "1", None, onset, suspects)


def _matters(shift: Shift) -> bool:
    return abs(shift.after - shift.before) >= math.log(FACTOR)


def _listed(found: list[Shift], table: Floats) -> str:
    places = ", ".join(
        f"{np.exp(s.before):,.0f} to {np.exp(s.after):,.0f} at step {table[s.index, 1] + 1:,.0f}"
        for s in found[:3]
    )
    return f"median length of random episodes changes {len(found)} time(s): {places}"
