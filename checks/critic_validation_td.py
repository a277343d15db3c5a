"""Whether the critic fits transitions that it never learned from."""

from rca.checking import Finding, Severity, check, fail_above
from rca.judging import too_early, too_few
from rca.runs.record import RunRecord

LIMIT = 2.0


@check(
    "critic.validation_td",
    title="TD error on held-out transitions",
    needs=["critic/validation_td"],
    severity=Severity.MINOR,
)
def validation_td(run: RunRecord) -> Finding:
    """Does the critic err as little on transitions of evaluations as on those it learned from?

    Why: a critic that fits its memory alone says nothing true about states that a better policy
        would reach, and the actor climbs what it says.
    Remedy: fewer updates per step, a larger memory, random shifts of the image, or more exploration
        where the evaluation drives.
    Reference: signals.md, "validation TD error": ratio above 2 (start) and rising (Li et al. 2023).
        The last evaluation is judged, against the first; evaluations drive without noise on other
        routes, so that some excess is a difference of states and not of fit.
    """
    early = too_early(run)
    if early:
        return early
    ratios = run.signals["critic/validation_td"].finite()
    few = too_few(len(ratios), 2, "evaluations after the first update")
    if few:
        return few
    first, last = float(ratios[0]), float(ratios[-1])
    message = (
        f"TD error on held-out transitions is {last:,.2g} times that on trained ones at the last "
        f"of {len(ratios)} evaluations, {first:,.2g} times at the first"
    )
    judged = last if last > first else min(last, LIMIT)
    return fail_above(judged, LIMIT, message, unit="1", suspects=("update_ratio_wrong",))
