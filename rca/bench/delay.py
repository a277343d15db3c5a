"""Detection delay: how long a run has to go on before its record accuses what is wrong with it."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rca.bench.case import ACCUSED
from rca.checking import Check, run_checks
from rca.diagnosis.diagnose import acts_from, diagnose
from rca.faults import Fault
from rca.runs.record import Outcome, Phase, RunRecord
from rca.wiring.audit import FIRST

LOOKS = 8
"""Moments at which a record is diagnosed as it was then, evenly over the run."""
AT_START = ("schema", "seed", "versions", "changes", "reward_promises", "first_weights", "watched")
"""Entries of the manifest that are there from the first step on."""


def delay(run: RunRecord, checks: Sequence[Check], fault: Fault) -> float:
    """Returns the steps from a fault's first effect to the look from which on it is accused.

    Known to within the steps between two looks, which it counts in full. NaN: the last look does
    not accuse it, whatever earlier ones did.
    """
    executed = run.outcome.executed_steps or 0
    found = math.nan
    for look in range(LOOKS, 0, -1):
        step = executed * look // LOOKS
        first = _accused(run, step, checks, fault)
        if first is None:
            break
        found = step - first
    return found


def _accused(run: RunRecord, step: int, checks: Sequence[Check], fault: Fault) -> float | None:
    """Returns from where on the cause acted that is accused at a step, None if none is."""
    then = until(run, step)
    for item in diagnose(then, run_checks(checks, then)).ranked:
        first = max(fault.begins, acts_from(item.cause.acts_from, run))
        is_right = item.cause.id in fault.causes and item.probability >= ACCUSED
        if is_right and step >= first:  # before, it was not there to be seen
            return first
    return None


def until(run: RunRecord, step: int) -> RunRecord:
    """Returns the record as it was when a step had been taken, the run going on.

    What the audit heard is kept whole from its first looks at critic and actor on, and left out
    before; the record holds it at the end alone.
    """
    if step >= (run.outcome.executed_steps or 0):
        return run
    critic, actor = _updates(run, "critic", step), _updates(run, "actor", step)
    waits = bool(run.outcome.actor_updates) and (actor or 0) < FIRST // 2
    heard = (critic or 0) >= FIRST and not waits
    odd = run.provenance.get("not_finite")
    known = set(AT_START)
    if isinstance(odd, dict) and odd.get("step", step + 1) <= step:
        known.add("not_finite")
    signals = {name: signal.between(-math.inf, step) for name, signal in run.signals.items()}
    return replace(
        run,
        outcome=Outcome(
            status="running",
            executed_steps=min(step, run.outcome.executed_steps or step),
            planned_steps=run.outcome.planned_steps,
            critic_updates=critic,
            actor_updates=actor,
        ),
        phases=tuple(
            Phase(phase.name, phase.first_step, min(phase.last_step, step))
            for phase in run.phases
            if phase.first_step <= step
        ),
        signals={name: signal for name, signal in signals.items() if len(signal)},
        episodes=run.episodes[run.episodes["end_step"] <= step],
        evaluations=run.evaluations[run.evaluations["step"] <= step],
        results={},
        provenance={key: value for key, value in run.provenance.items() if key in known},
        gaps=(),
        wiring=run.wiring if heard else None,
        strips=tuple(strip for strip in run.strips if strip.step <= step),
        histograms=tuple(item for item in run.histograms if item.step <= step),
    )


def _updates(run: RunRecord, part: str, step: int) -> int | None:
    """Returns how many updates had taken place, from the losses recorded by then."""
    total = run.outcome.critic_updates if part == "critic" else run.outcome.actor_updates
    losses = run.signals.get(f"{part}/loss")
    if not total:
        return total
    if losses is None or not len(losses):
        return None
    return round(total * float(np.mean(losses.steps <= step)))
