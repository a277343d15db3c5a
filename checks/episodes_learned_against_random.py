"""Whether the learned policy beats random actions."""

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import column, learned_episodes, median, random_episodes, too_few, vacuous, void
from rca.runs.record import RunRecord
from rca.stats import smaller_p

MIN_SIDE = 8
"""Episodes on each side; with fewer a rank-sum test at 1% sees only complete separation."""


@check(
    "episodes.learned_against_random",
    title="Learned against random policy",
    needs=["episodes.return", "phases"],
    severity=Severity.CRITICAL,
)
def learned_against_random(run: RunRecord) -> Finding:
    """Does the learned policy earn more than random actions do?

    Why: random actions are the one control that every run has; a policy that does not beat them
        has learned nothing of use.
    Remedy: see what other findings say began with the first update.
    Reference: signals.md, "random control"; the second half of the learning phase against the
        random phase, rank-sum test at 1%. WARN where no difference shows.
    """
    reason = void(run)
    if reason:
        return vacuous(reason)
    learned = learned_episodes(run)
    late = learned.iloc[len(learned) // 2 :]
    old, new = column(random_episodes(run), "return"), column(late, "return")
    few = too_few(len(old), MIN_SIDE, "random episodes")
    few = few or too_few(len(new), MIN_SIDE, "late episodes of the learning phase")
    if few:
        return few
    better, worse = smaller_p(old, new), smaller_p(new, old)
    lengths = [median(column(t, "length")) for t in (random_episodes(run), late)]
    message = (
        f"median return {median(new):,.1f} in the second half of learning against "
        f"{median(old):,.1f} of random actions (p better {better:.2g}, p worse {worse:.2g}); "
        f"median length {lengths[1]:,.0f} against {lengths[0]:,.0f} steps"
    )
    verdict = Verdict.PASS if better < 0.01 else Verdict.FAIL if worse < 0.01 else Verdict.WARN
    suspects = () if verdict is Verdict.PASS else ("actor_critic_feature_mixup", "actor_saturated")
    first = run.first_update_step() if verdict is Verdict.FAIL else None
    return Finding(verdict, message, median(new), median(old), "", None, first, suspects)
