"""Whether the run took as many steps as its results claim."""

from rca.checking import Finding, check, fail_above
from rca.judging import vacuous
from rca.runs.record import RunRecord


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
    claimed = run.results.get("total_timesteps")
    executed = run.outcome.executed_steps or 0
    if isinstance(claimed, bool) or not isinstance(claimed, int | float) or not claimed > 0:
        return vacuous("results.json does not say how many steps were taken")
    stated = run.results.get("executed_timesteps")
    if isinstance(stated, int | float) and stated == executed:
        claimed = stated
    message = f"results report {claimed:,.0f} steps, {executed:,} took place"
    return fail_above(
        abs(claimed - executed) / claimed, 0.01, message, unit="1", suspects=("steps_misreported",)
    )
