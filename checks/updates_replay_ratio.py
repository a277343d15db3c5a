"""Whether updates keep pace with steps."""

import math

from rca.checking import Finding, check, fail_above
from rca.judging import vacuous
from rca.runs.record import RunRecord


@check(
    "updates.replay_ratio",
    title="Updates per step",
    needs=["outcome.critic_updates", "outcome.executed_steps", "phases"],
)
def replay_ratio(run: RunRecord) -> Finding:
    """Is there one critic update per step once learning has begun?

    Why: fewer updates than believed is less training than believed; more overfits early data.
    Remedy: compare train_freq and gradient_steps in the configuration with the training loop.
    Reference: signals.md, "replay ratio": measured against configured, which is 1 in TD3; limit
        5%, for the last logging interval.
    """
    first, steps = run.first_update_step(), run.outcome.executed_steps or 0
    if first is None or steps < first:
        return vacuous("0 updates were executed")
    updates, possible = run.outcome.critic_updates or 0, steps - first + 1
    ratio = updates / possible
    message = f"{updates:,} updates in {possible:,} steps of the learning phase: {ratio:.3f} a step"
    if possible < 100 or math.isnan(ratio):
        return vacuous(f"{message}; 100 steps are needed to judge")
    return fail_above(abs(ratio - 1), 0.05, message, unit="1", suspects=("config_not_read",))
