"""Whether results and telemetry agree."""

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import Criterion, as_number, column, judge_criteria, mean
from rca.runs.record import RunRecord


@check(
    "results.episodes",
    title="Results against telemetry",
    needs=["results", "episodes.return"],
    severity=Severity.MINOR,
)
def results_episodes(run: RunRecord) -> Finding:
    """Do results.json and the telemetry tell of the same episodes?

    Why: two records of one run that disagree cannot both be believed.
    Remedy: write both from the same counter.
    Reference: number of episodes to within one (the unfinished last), mean return to within 1%.
    """
    returns = column(run.episodes, "return")
    listed = run.results.get("training_rewards")
    if not isinstance(listed, list) or not listed:
        return Finding(Verdict.NOT_RUN, "not recorded: training_rewards in results.json")
    read = np.array([as_number(value) for value in listed])
    stated, seen = mean(read[np.isfinite(read)]), mean(returns)
    near = abs(stated - seen) <= 0.01 * max(abs(stated), abs(seen), 1e-9)
    return judge_criteria(
        [
            Criterion(
                f"{len(listed):,} returns in results.json, {len(returns):,} in the telemetry",
                abs(len(listed) - len(returns)) <= 1,
            ),
            Criterion(f"mean {stated:,.4g} and {seen:,.4g}", bool(near)),
        ],
        suspects=("steps_misreported",),
    )
