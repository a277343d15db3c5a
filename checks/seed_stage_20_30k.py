"""The seed's expected progression: steps 20,000 to 30,000."""

from rca.checking import Finding, check
from rca.runs.record import RunRecord
from rca.seed_stages import Stage, judge_stage

STAGE = Stage(20_001, 30_000, (200, 500), (-5_000, 1_000), (0.1, 0.2))


@check(
    "seed.stage_20_30k", title="Seed: expected at 20-30,000 steps", needs=["phases"], driving=True
)
def stage_20_30k(run: RunRecord) -> Finding:
    """Are length, return and success where the seed expects them between 20,000 and 30,000 steps?

    Why: the seed's own yardstick for a run that its fixes have mended.
    Remedy: see which findings began first. A value that random actions reach as well shows
        nothing about learning.
    Reference: seed.md, "Expected Training Progression" (Refinement Phase: 200-500
        steps, -5,000 to +1,000, 10-20%). Judged on the learning
        phase's episodes; more return or success than expected is met.
    """
    return judge_stage(run, STAGE)
