"""The seed's expected progression: steps 0 to 10,000."""

from rca.checking import Finding, check
from rca.runs.record import RunRecord
from rca.seed_stages import Stage, judge_stage

STAGE = Stage(1, 10_000, (50, 100), (-20_000, -10_000), (0, 0.02))


@check("seed.stage_0_10k", title="Seed: expected at 0-10,000 steps", needs=["phases"], driving=True)
def stage_0_10k(run: RunRecord) -> Finding:
    """Are length, return and success where the seed expects them in the first 10,000 steps?

    Why: the seed's own yardstick for a run that its fixes have mended.
    Remedy: see which findings began first. A value that random actions reach as well shows
        nothing about learning.
    Reference: seed.md, "Expected Training Progression" (Exploration Phase: 50-100
        steps, -20,000 to -10,000, 0-2%). Judged on the learning
        phase's episodes; more return or success than expected is met.
    """
    return judge_stage(run, STAGE)
