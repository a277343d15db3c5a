"""Whether the run learned at all."""

import math

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import number, vacuous, void
from rca.runs.record import RunRecord


@check("updates.executed", title="Updates executed", needs=["phases"], severity=Severity.CRITICAL)
def updates_executed(run: RunRecord) -> Finding:
    """Did gradient updates take place?

    Why: a run without an update says nothing about learning, good or bad.
    Remedy: lower agent.learning_starts below the number of steps, or run longer; if it is lower
        already, find the second warm-up setting that the trainer really uses.
    Reference: signals.md, "vacuity".
    """
    reason = void(run)
    steps, starts = run.outcome.executed_steps, number(run, "agent.learning_starts")
    if not reason:
        updates = run.outcome.critic_updates
        many = "an unknown number of" if updates is None else f"{updates:,}"
        first = run.first_update_step()
        began = "an unknown step" if first is None else f"step {first:,}"
        message = f"{many} critic updates, the first at {began}"
        value = math.nan if updates is None else float(updates)
        return Finding(Verdict.PASS, message, value=value, unit="updates")
    if steps is not None and starts < steps:
        return Finding(
            Verdict.FAIL,
            reason,
            value=0.0,
            unit="updates",
            steps=(1, steps),
            onset=int(starts) + 1,
            suspects=("learner_never_started", "config_not_read"),
        )
    if run.outcome.critic_updates is None:
        return Finding(Verdict.NOT_RUN, f"not recorded: {reason}")
    return vacuous(reason)
