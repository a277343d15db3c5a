"""Whether returns rise while learning."""

from rca.checking import Finding, Verdict, check
from rca.judging import MIN_EPISODES, column, learned_episodes, too_few, vacuous, void
from rca.runs.record import RunRecord
from rca.stats import trend_p


@check("episodes.improving", title="Returns rise", needs=["episodes.return", "phases"])
def improving(run: RunRecord) -> Finding:
    """Do returns rise over the learning phase?

    Why: a flat or falling curve after thousands of updates is the plainest sign of a learner that
        does not learn.
    Remedy: see what other findings say began with the first update.
    Reference: seed.md, "rewards improving"; Kendall's tau against time at 1%; WARN where no trend
        shows.
    """
    reason = void(run)
    if reason:
        return vacuous(reason)
    returns = column(learned_episodes(run), "return")
    few = too_few(len(returns), MIN_EPISODES, "episodes in the learning phase")
    if few:
        return few
    rising, falling = trend_p(returns), trend_p(-returns)
    half = len(returns) // 2
    message = (
        f"mean return {returns[:half].mean():,.4g} in the first half of learning, "
        f"{returns[half:].mean():,.4g} in the second, {len(returns):,} episodes"
    )
    if rising < 0.01:
        return Finding(Verdict.PASS, f"{message}; rising (p {rising:.2g})", rising, 0.01, "p")
    if falling < 0.01:
        first = run.first_update_step()
        text = f"{message}; falling (p {falling:.2g})"
        return Finding(Verdict.FAIL, text, falling, 0.01, "p", None, first)
    return Finding(Verdict.WARN, f"{message}; no trend", limit=0.01, unit="p")
