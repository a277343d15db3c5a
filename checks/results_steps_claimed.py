"""Whether the run took as many steps as its results claim."""

import math

from rca.checking import Finding, check, fail_above
from rca.judging import as_number, vacuous
from rca.runs.record import RunRecord

LIMIT = 0.01
"""Of the steps claimed."""


@check(
    "results.steps_claimed",
    title="Steps claimed and executed",
    needs=["results", "outcome.executed_steps"],
)
def steps_claimed(run: RunRecord) -> Finding:
    """Do the results report the steps that took place, not the configured ones?

    Why: a crashed or stopped run whose results name the configured number of steps is compared
        with complete ones.
    Remedy: write the counter of executed steps into results.json.
    Reference: defect D27 of the recorded runs; limit 1%, which no logging interval in use exceeds.
    """
    claimed = as_number(run.results.get("total_timesteps"))
    executed = run.outcome.executed_steps or 0
    if not 0 < claimed < math.inf:
        return vacuous("results.json does not say how many steps were taken")
    stated = as_number(run.results.get("executed_timesteps"))
    claimed = stated if stated == executed > 0 else claimed
    if (claimed - executed) / claimed > LIMIT and _only_ended_episodes(run):
        return vacuous(
            f"results report {claimed:,.0f} steps, at least {executed:,} took place: those of "
            "ended episodes; how long the last one was is not recorded"
        )
    message = f"results report {claimed:,.0f} steps, {executed:,} took place"
    if executed < claimed and run.provenance.get("cut_off"):
        return vacuous(f"{message} before the record breaks off")
    error = abs(claimed - executed) / claimed
    return fail_above(error, LIMIT, message, unit="1", suspects=("steps_misreported",))


def _only_ended_episodes(run: RunRecord) -> bool:
    """Tells whether nothing was recorded beyond the end of the last episode that ended."""
    reach = run.episodes["end_step"].max()
    return run.kind == "recording" and bool(reach == run.outcome.executed_steps)
