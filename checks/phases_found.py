"""Where the random phase ends and learning begins."""

import numpy as np

from rca.checking import Finding, Severity, check, fail_above
from rca.judging import first_update, number, place, vacuous, void
from rca.runs.phases import COUNTER, FirstUpdate
from rca.runs.record import RunRecord


@check("phases.found", title="Phases", needs=["phases"], severity=Severity.MINOR)
def phases_found(run: RunRecord) -> Finding:
    """Does learning begin at the step that the configuration names?

    Why: every statistic must be read per phase; one that mixes random and learned behaviour
        describes neither.
    Remedy: look which part of the trainer counts the warm-up; two settings with one meaning are
        common.
    Reference: signals.md, "config reachability"; no step outside of where the first update
        certainly lies; one logging interval off the trainer's own counter; in a watched trainer
        the steps between two updates, and one where it counts from 0.
    """
    found = "; ".join(
        f"{place(phase)}: {len(run.episodes_in(phase)):,} episodes" for phase in run.phases
    )
    first = first_update(run)
    if first is None:
        return vacuous(f"{found}; {void(run)}")
    starts = number(run, "agent.learning_starts")
    if np.isnan(starts):
        return vacuous(f"{found}; no learning_starts is declared to hold it against")
    message = f"{found}; learning_starts is {starts:,.0f}, update 1 came at {first}"
    if first.is_declared:
        return vacuous(f"{message}: the declared step cannot be held against itself")
    is_counted = first.rule.startswith(COUNTER)
    off = abs(starts + 1 - first.step) if is_counted else _outside(starts + 1, first)
    allowed = _logging_interval(run) if is_counted else 0.0
    return fail_above(
        off,
        max(allowed, _between_updates(run)) if run.provenance.get("watched") else allowed,
        message,
        unit="steps",
        onset=first.step,
        suspects=("config_not_read",),
    )


def _outside(step: float, first: FirstUpdate) -> float:
    """Returns how many steps a step lies outside of where the first update certainly does."""
    return max(first.earliest - step, step - first.latest, 0.0)


def _between_updates(run: RunRecord) -> float:
    """Returns the steps from one update, or round of them, to the next; at least 1."""
    updates, steps = run.outcome.critic_updates, run.outcome.executed_steps
    first = run.first_update_step()
    if not updates or steps is None or first is None:
        return 1.0
    every = number(run, "watch:steps_between_updates")
    return max(1.0, (steps - first + 1) / updates, 0.0 if np.isnan(every) else every)


def _logging_interval(run: RunRecord) -> float:
    loss = run.signals.get("critic/loss")
    gaps = np.diff(loss.steps) if loss is not None else np.array([])
    return max(1.0, float(np.median(gaps))) if len(gaps) else 1.0
