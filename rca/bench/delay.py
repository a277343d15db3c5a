"""Detection delay: how long a run has to go on before its record accuses what is wrong with it."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rca.bench.score import ACCUSED, LOOKS
from rca.checking import Check, run_checks
from rca.diagnosis.diagnose import acts_from, diagnose
from rca.faults import Fault
from rca.runs.record import Outcome, Phase, RunRecord
from rca.wiring.audit import FIRST


def delay(run: RunRecord, checks: Sequence[Check], fault: Fault) -> float:
    """Returns the steps from a fault's first effect to the first look that accuses its cause.

    Known to within the steps between two looks, which it counts in full. NaN: no look does.
    """
    executed = run.outcome.executed_steps or 0
    for look in range(1, LOOKS + 1):
        step = executed * look // LOOKS
        then = until(run, step)
        found = diagnose(then, run_checks(checks, then))
        right = [item for item in found.ranked if item.cause.id in fault.causes]
        for item in right:
            if item.probability >= ACCUSED:
                return max(0.0, step - max(fault.begins, acts_from(item.cause.acts_from, run)))
    return math.nan


def until(run: RunRecord, step: int) -> RunRecord:
    """Returns the record as it was when a step had been taken, the run going on."""
    first = run.first_update_step()
    heard = first is not None and step >= first + FIRST  # the audit writes what it heard by then
    signals = {name: signal.between(-math.inf, step) for name, signal in run.signals.items()}
    return replace(
        run,
        outcome=Outcome(
            status="running",
            executed_steps=min(step, run.outcome.executed_steps or step),
            planned_steps=run.outcome.planned_steps,
            critic_updates=_updates(run, "critic/loss", run.outcome.critic_updates, step),
            actor_updates=_updates(run, "actor/loss", run.outcome.actor_updates, step),
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
        wiring=run.wiring if heard else None,
        strips=tuple(strip for strip in run.strips if strip.step <= step),
        histograms=tuple(item for item in run.histograms if item.step <= step),
    )


def _updates(run: RunRecord, loss: str, total: int | None, step: int) -> int | None:
    """Returns how many updates had taken place, from the losses recorded by then."""
    if not total or loss not in run.signals or not len(run.signals[loss]):
        return total
    return round(total * float(np.mean(run.signals[loss].steps <= step)))
