"""Whether episodes become short when learning begins."""

import numpy as np

from rca.checking import Finding, Severity, check, fail_above
from rca.judging import column, learned_episodes, median, random_episodes, too_few, vacuous, void
from rca.runs.record import RunRecord
from rca.stats import smaller_p

FACTOR = 2.0
MIN_SIDE = 8
"""Episodes on each side; with fewer a rank-sum test at 1% sees only complete separation."""


@check(
    "ordering.learning_collapse",
    title="Collapse at the first update",
    needs=["episodes.length", "phases"],
    severity=Severity.CRITICAL,
    driving=True,
)
def learning_collapse(run: RunRecord) -> Finding:
    """Do episodes stay as long once learning begins as random actions make them?

    Why: a collapse that begins with the first updates is the learner's work, and clears what acts
        from the first step on (reset, termination rules, reward alone).
    Remedy: look at the policy-Q gap and at the actions right after the first updates.
    Reference: signals.md, "ordering" and "random control"; median of the first 50 episodes of the
        learning phase below half of the random ones', rank-sum test at 1%.
    """
    reason = void(run)
    if reason:
        return vacuous(reason)
    old = column(random_episodes(run), "length")[-50:]
    new = column(learned_episodes(run), "length")[:50]
    few = too_few(len(old), MIN_SIDE, "random episodes")
    few = few or too_few(len(new), MIN_SIDE, "episodes in the learning phase")
    if few:
        return few
    first, p = run.first_update_step() or 0, smaller_p(new, old)
    ratio = median(old) / max(median(new), 1e-9)
    message = (
        f"median length {median(old):,.0f} steps in the last {len(old)} random episodes, "
        f"{median(new):,.0f} in the first {len(new)} of the learning phase (from step {first:,}; "
        f"p {p:.2g})"
    )
    suspects = ("actor_critic_feature_mixup", "actor_saturated", "learning_rate_imbalance")
    value = ratio if p < 0.01 else min(ratio, FACTOR)
    return fail_above(
        value if np.isfinite(value) else 0.0,
        FACTOR,
        message,
        unit="1",
        onset=first,
        suspects=suspects,
    )
