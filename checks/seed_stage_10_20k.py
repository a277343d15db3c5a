"""The seed's expected progression: steps 10,000 to 20,000."""

from rca.checking import Finding, check
from rca.runs.record import RunRecord
from rca.seed_stages import Stage, judge_stage

STAGE = Stage(10_001, 20_000, (100, 200), (-10_000, -5_000), (0.02, 0.1))


@check(
    "seed.stage_10_20k", title="Seed: expected at 10-20,000 steps", needs=["phases"], driving=True
)
def stage_10_20k(run: RunRecord) -> Finding:
    """Are length, return and success where the seed expects them between 10,000 and 20,000 steps?

    Why: the seed's own yardstick for a run that its fixes have mended.
    Remedy: see which findings began first. A value that random actions reach as well shows
        nothing about learning.
    Reference: seed.md, "Expected Training Progression" (Learning Phase: 100-200
        steps, -10,000 to -5,000, 2-10%). Judged on the learning
        phase's episodes; more return or success than expected is met.
    """
    return judge_stage(run, STAGE)
