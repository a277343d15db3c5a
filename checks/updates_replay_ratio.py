"""Whether updates keep pace with steps."""

import math

from rca.checking import Finding, Verdict, check, fail_above
from rca.judging import number, vacuous, without_replay
from rca.runs.manifest import UPDATES_BEFORE
from rca.runs.record import RunRecord
from rca.runs.task import shows_driving

LIMIT = 0.05
"""Share by which the updates of the last logging interval can be off."""
USUAL = 2.0
"""Updates per step above which early data is overfitted unless networks are reset (Nikishin et al.
2022, section 3: the primacy bias grows with the replay ratio)."""


@check(
    "updates.replay_ratio",
    title="Updates per step",
    needs=["outcome.critic_updates", "outcome.executed_steps", "phases"],
)
def replay_ratio(run: RunRecord) -> Finding:
    """Are there as many critic updates per step as configured once learning has begun?

    Why: fewer updates than believed is less training than believed; more overfits early data.
    Remedy: compare train_freq and gradient_steps in the configuration with the training loop.
    Reference: signals.md, "replay ratio": measured against agent.updates_per_step, 1 (TD3)
        where a run that shows itself to be driving declares none; limit 5%, for the last logging
        interval. As declared, but above 2: WARN (Nikishin et al. 2022).
    """
    first, steps = run.first_update_step(), run.outcome.executed_steps or 0
    if first is None or steps < first:
        return vacuous("0 updates were executed")
    unsteady = _unsteady(run)
    if unsteady:
        return unsteady
    updates, possible = run.outcome.critic_updates or 0, steps - first + 1
    ratio = updates / possible
    declared = number(run, "agent.updates_per_step")
    wanted = 1.0 if math.isnan(declared) and shows_driving(run) else declared
    if math.isnan(wanted):
        return vacuous(f"{ratio:.3f} updates a step; how many were meant is not declared")
    message = (
        f"{updates:,} updates in {possible:,} steps of the learning phase: {ratio:.3f} a step, "
        f"wanted {wanted:g}"
    )
    if not 0 < wanted < math.inf:
        return vacuous(f"{message}: no rate to hold it against")
    if possible < 100 or math.isnan(ratio):
        return vacuous(f"{message}; 100 steps are needed to judge")
    error = abs(ratio / wanted - 1)
    if abs(ratio - 1) > LIMIT:
        message += "; not TD3's one a step"
    if error <= LIMIT and ratio > USUAL:
        suspects = ("update_ratio_wrong",)
        return Finding(Verdict.WARN, message, ratio, USUAL, "1", suspects=suspects)
    return fail_above(error, LIMIT, message, unit="1", suspects=("config_not_read",))


def _unsteady(run: RunRecord) -> Finding | None:
    """Returns why updates do not follow steps at one rate, None if nothing is known against it."""
    if before := run.provenance.get(UPDATES_BEFORE):
        return vacuous(f"{before} updates were made before the first step: no steady rate")
    return without_replay(run)
