"""Whether the critic reaches its targets."""

from rca.checking import Finding, check, fail_above
from rca.judging import MIN_READINGS, too_early, too_few
from rca.runs.record import RunRecord


@check(
    "critic.fits_target",
    title="Critic against target",
    needs=["critic/q1_mean", "critic/target_mean"],
)
def fits_target(run: RunRecord) -> Finding:
    """Does the critic's mean value come near the mean of its targets?

    Why: a critic that stays away from its targets either does not learn or chases targets that
        run away.
    Remedy: check that the critic's parameters are in its optimizer; compare the learning rate
        with how fast the targets move.
    Reference: abs(mean Q - mean target) / max(1, abs(mean target)), last fifth of the readings;
        limit 0.5, the bound that signals.md gives a value's relative bias (start).
    """
    early = too_early(run)
    if early:
        return early
    q, target = run.signals["critic/q1_mean"].tail(0.2), run.signals["critic/target_mean"].tail(0.2)
    few = too_few(len(run.signals["critic/q1_mean"].finite()), MIN_READINGS, "readings of Q")
    if few:
        return few
    gap = abs(q.median() - target.median()) / max(1.0, abs(target.median()))
    message = f"mean Q {q.median():,.4g} against mean target {target.median():,.4g}"
    return fail_above(gap, 0.5, message, unit="1", suspects=("critic_diverged",))
