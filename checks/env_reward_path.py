"""Rewards arrive: what the environment says against what the trainer sees."""

import numpy as np

from rca.checking import Finding, Severity, check, fail_above
from rca.runs.record import RunRecord

SAME = 0.0001
"""Float32 sums of ten terms lose 1e-6."""
SHARE = 0.01


@check(
    "env.reward_path",
    title="Rewards arrive",
    needs=["env/reward_gap"],
    severity=Severity.CRITICAL,
)
def judge(run: RunRecord) -> Finding:
    """Is the reward that the trainer gets the sum of its terms?

    Why: a reward that is late, noisy or changed on the way pays for what was not done.
    Remedy: compare the reward with the sum of its terms at each wrapper.
    Reference: signals.md, faults: reward from the previous step; RLMutation: reward noise. A
        hundredth of the steps may differ.
    """
    signal = run.signals["env/reward_gap"]
    gaps, steps = signal.finite(), signal.steps[np.isfinite(signal.values)]
    off = gaps > SAME
    share = float(off.mean())
    message = (
        f"{share:.1%} of {len(gaps):,} steps differ, by up to {gaps.max():.3g}; limit {SHARE:.0%}"
    )
    return fail_above(
        share,
        SHARE,
        message,
        unit="1",
        steps=(int(steps[0]), int(steps[-1])),
        onset=int(steps[off][0]) if off.any() else None,
        suspects=("reward_wrong",),
    )
