"""Whether values depend on the action."""

import math

from rca.checking import Finding, check, fail_below
from rca.judging import too_early
from rca.runs.record import RunRecord

LIMIT = 1e-4


@check(
    "critic.action_sensitivity",
    title="Action sensitivity",
    needs=["critic/action_sensitivity", "critic/q1_mean"],
)
def action_sensitivity(run: RunRecord) -> Finding:
    """Does the critic's value depend on the action?

    Why: the actor climbs dQ/da; where it is 0 there is nothing to climb.
    Remedy: compare the scales of features and action at the critic's first layer; look whether
        actions in the buffer make any difference to the reward.
    Reference: signals.md, "action sensitivity": norm of dQ/da about 0; limit 1e-4 of abs(mean Q)
        (start); last fifth.
    """
    early = too_early(run)
    if early:
        return early
    slope = run.signals["critic/action_sensitivity"].tail(0.2).median()
    value = abs(run.signals["critic/q1_mean"].tail(0.2).median())
    ratio = slope / value if value > 0 else math.nan
    message = f"norm of dQ/da {slope:.2g} at a mean Q of size {value:.3g}"
    suspects = ("no_net_force", "critic_diverged")
    return fail_below(ratio, LIMIT, message, unit="1", suspects=suspects)
