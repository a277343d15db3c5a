"""The seed's checklist: learning starts."""

import math

from rca.checking import Finding, Severity, check
from rca.judging import Criterion, first_update, judge_criteria, number
from rca.runs.record import RunRecord

WANTED = 25_000


@check(
    "seed.config_learning_starts",
    title="Seed: learning starts at 25,000",
    needs=["config.agent.learning_starts"],
    severity=Severity.MINOR,
    driving=True,
)
def config_learning_starts(run: RunRecord) -> Finding:
    """Does learning start after 25,000 steps?

    Why: an item of the seed's checklist. With it, the seed's own tests of 100 and 10,000 steps
        hold no update at all.
    Remedy: set agent.learning_starts to 25,000, and judge learning on longer runs only.
    Reference: seed.md, "Verification Checklist"; the TD3 paper has 1,000 to 10,000, its authors'
        later code 25,000 (evidence.md, section 3).
    """
    starts = number(run, "agent.learning_starts")
    first = first_update(run)
    seen = "no update seen" if first is None else f"first update at {first}"
    text = f"learning_starts {starts:,.0f}, wanted {WANTED:,}; {seen}"
    return judge_criteria([Criterion(text, None if math.isnan(starts) else starts == WANTED)])
