"""How much of the run is random by configuration."""

from rca.checking import Finding, check, fail_above
from rca.judging import number, vacuous
from rca.runs.record import RunRecord


@check(
    "config.random_share",
    title="Random share of the run",
    needs=["config.agent.learning_starts", "outcome.executed_steps"],
)
def random_share(run: RunRecord) -> Finding:
    """Is most of the run spent learning rather than warming up?

    Why: with learning_starts 25,000 a run of 30,000 steps holds 5,000 updates, four times fewer
        than the failed run that it is to improve on.
    Remedy: lower agent.learning_starts, or run longer.
    Reference: evidence.md, section 2; limit one half (start).
    """
    starts, steps = number(run, "agent.learning_starts"), run.outcome.executed_steps or 0
    planned = number(run, "budget.steps")
    if run.outcome.status == "running" and planned > steps:
        steps = int(planned)  # judged while it goes on: by what it is going to be
    if not starts >= 0 or steps <= 0:
        return vacuous(f"learning_starts {starts:,.0f} in {steps:,} steps")
    share = min(1.0, starts / steps)
    message = f"learning_starts {starts:,.0f} is {share:.0%} of the run's {steps:,} steps"
    return fail_above(share, 0.5, message, unit="1", suspects=("learner_never_started",))
