"""Whether target networks follow as they should."""

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import Criterion, judge_criteria
from rca.runs.record import RunRecord

LIMIT = 1e-6


@check("targets.follow", title="Target networks", severity=Severity.CRITICAL)
def targets_follow(run: RunRecord) -> Finding:
    """Is every target tau of the online network and the rest of itself?

    Why: a target that stands still, or one that is copied whole, makes values converge to
        something else or not at all.
    Remedy: look at the Polyak update: which modules, which tau, after which updates.
    Reference: signals.md, "target lag" (RLDebugger): recomputed, mismatch above 1e-6.
    """
    seen = [name for name in run.signals if name.endswith("/target_error") and run.has(name)]
    if not seen:
        return Finding(Verdict.NOT_RUN, "not recorded: any signal named .../target_error")
    worst = {name: float(run.signals[name].finite().max()) for name in seen}
    return judge_criteria(
        [Criterion(f"{name} up to {error:.2g}", error <= LIMIT) for name, error in worst.items()],
        suspects=("target_wrong",),
    )
