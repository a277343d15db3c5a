"""The seed's checklist: exploration noise."""

import math

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import Criterion, judge_criteria, number
from rca.runs.record import RunRecord

WANTED = 0.1


@check(
    "seed.config_exploration_noise",
    title="Seed: exploration noise 0.1",
    severity=Severity.MINOR,
    driving=True,
)
def config_exploration_noise(run: RunRecord) -> Finding:
    """Is the exploration noise 0.1?

    Why: an item of the seed's checklist.
    Remedy: set agent.exploration_noise to 0.1; if another value is logged, find who sets it.
    Reference: seed.md, "Verification Checklist"; the value is the TD3 paper's, the seed's "90%
        random" at 0.2 is false (evidence.md, section 3).
    """
    logged = run.signals.get("explore/noise")
    values = logged.finite() if logged is not None else None
    if values is not None and len(values):
        low, high = float(values.min()), float(values.max())
        met = all(math.isclose(value, WANTED, rel_tol=1e-3) for value in (low, high))
        return judge_criteria([Criterion(f"logged {low:.3g} to {high:.3g}, wanted {WANTED}", met)])
    declared = number(run, "agent.exploration_noise")
    if math.isnan(declared):
        return Finding(Verdict.NOT_RUN, "not recorded: explore/noise, agent.exploration_noise")
    text = f"declared {declared:.3g}, wanted {WANTED}"
    return judge_criteria([Criterion(text, math.isclose(declared, WANTED, rel_tol=1e-3))])
