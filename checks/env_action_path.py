"""Actions arrive: what the environment says against what the trainer sees."""

import numpy as np

from rca.checking import Finding, Severity, check, fail_above
from rca.runs.record import RunRecord

SAME = 0.001
"""Of an action in [-1, 1]; float32 loses 1e-7."""
SHARE = 0.01


@check(
    "env.action_path",
    title="Actions arrive",
    needs=["env/action_gap"],
    severity=Severity.CRITICAL,
)
def judge(run: RunRecord) -> Finding:
    """Does the environment get the actions that the trainer sends?

    Why: a sign, a bias or a clip in between makes the agent learn to drive another car than its
        own.
    Remedy: print the action where it is sent and where it is applied; look at every wrapper.
    Reference: signals.md, faults on driving: steer sign, throttle bias. A hundredth of the steps
        may differ.
    """
    signal = run.signals["env/action_gap"]
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
        suspects=("action_path_wrong",),
    )
