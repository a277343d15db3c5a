"""Where the random phase ends and learning begins."""

import numpy as np

from rca.checking import Finding, Severity, check, fail_above
from rca.judging import number, place, vacuous, void
from rca.runs.record import RunRecord


@check("phases.found", title="Phases", needs=["phases"], severity=Severity.MINOR)
def phases_found(run: RunRecord) -> Finding:
    """Does learning begin at the step that the configuration names?

    Why: every statistic must be read per phase; one that mixes random and learned behaviour
        describes neither.
    Remedy: look which part of the trainer counts the warm-up; two settings with one meaning are
        common.
    Reference: signals.md, "config reachability"; the limit is one logging interval, which is how
        well the first update can be placed.
    """
    found = "; ".join(
        f"{place(phase)}: {len(run.episodes_in(phase)):,} episodes" for phase in run.phases
    )
    first = run.first_update_step()
    if first is None:
        return vacuous(f"{found}; {void(run)}")
    starts = number(run, "agent.learning_starts")
    if np.isnan(starts):
        return vacuous(f"{found}; no learning_starts is declared to hold it against")
    seen = run.observed.get("agent.learning_starts")
    message = f"{found}; learning_starts is {starts:,.0f}, update 1 came at step {first:,}"
    return fail_above(
        abs(first - 1 - starts),
        max(_logging_interval(run), seen.high - seen.low if seen else 0.0),
        message,
        unit="steps",
        onset=first,
        suspects=("config_not_read",),
    )


def _logging_interval(run: RunRecord) -> float:
    loss = run.signals.get("critic/loss")
    gaps = np.diff(loss.steps) if loss is not None else np.array([])
    return max(1.0, float(np.median(gaps))) if len(gaps) else 1.0
