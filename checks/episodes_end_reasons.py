"""How episodes end."""

from rca.checking import Finding, check, fail_above
from rca.judging import MIN_EPISODES, too_few
from rca.runs.record import RunRecord


@check("episodes.end_reasons", title="End reasons", needs=["episodes.end_reason"], driving=True)
def end_reasons(run: RunRecord) -> Finding:
    """Do episodes of the second half end for more than one reason, or reach the goal?

    Why: one reason for nearly all endings is either a termination rule that is too strict or one
        behaviour that never changes.
    Remedy: look at that rule first, then at what the agent does just before it strikes.
    Reference: signals.md, "end reasons": one above 0.9.
    """
    reasons = run.episodes["end_reason"].dropna()
    late = reasons.iloc[len(reasons) // 2 :]
    few = too_few(len(late), MIN_EPISODES, "endings with a reason in the second half")
    if few:
        return few
    shares = late.value_counts(normalize=True)
    listed = ", ".join(f"{reason} {share:.0%}" for reason, share in shares.items())
    worst = float(shares.drop("goal", errors="ignore").max() if len(shares) else 0.0)
    message = f"{len(late):,} endings: {listed}"
    suspects = {"off_road": ("lane_touch_terminates",), "stuck": ("no_net_force", "idling_optimal")}
    accused = suspects.get(str(shares.index[0]), ())
    return fail_above(0.0 if worst != worst else worst, 0.9, message, unit="1", suspects=accused)
