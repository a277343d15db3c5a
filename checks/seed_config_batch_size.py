"""The seed's checklist: batch size."""

import math

from rca.checking import Finding, Severity, check
from rca.judging import Criterion, judge_criteria, number
from rca.runs.record import RunRecord

WANTED = 128


@check(
    "seed.config_batch_size",
    title="Seed: batch size 128",
    needs=["config.agent.batch_size"],
    severity=Severity.MINOR,
    driving=True,
)
def config_batch_size(run: RunRecord) -> Finding:
    """Is the batch size 128?

    Why: an item of the seed's checklist.
    Remedy: set agent.batch_size to 128.
    Reference: seed.md, "Verification Checklist"; DrQ-v2 uses 256, SAC-AE, CURL and RAD 128
        (evidence.md, section 3), so 256 is no fault by itself.
    """
    size = number(run, "agent.batch_size")
    text = f"batch_size {size:,.0f}, wanted {WANTED}"
    return judge_criteria([Criterion(text, None if math.isnan(size) else size == WANTED)])
