"""Whether every module moves."""

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import Criterion, judge_criteria
from rca.runs.record import RunRecord

FROZEN = 1e-6


@check("learner.update_ratio", title="Update ratio", severity=Severity.CRITICAL)
def update_ratio(run: RunRecord) -> Finding:
    """Does every module move at each update by a share of its size that matters?

    Why: a module whose steps are a millionth of its weights is frozen in all but name.
    Remedy: look for a missing optimizer, a learning rate of 0, a gradient of 0.
    Reference: signals.md, "update ratio" (Cockpit, UpdateSize): about 1e-3 healthy, below 1e-6
        frozen (start); median of the last fifth.
    """
    seen = [name for name in run.signals if name.endswith("/update_ratio") and run.has(name)]
    if not seen:
        return Finding(Verdict.NOT_RUN, "not recorded: any signal named .../update_ratio")
    ratios = {name: run.signals[name].tail(0.2).median() for name in seen}
    return judge_criteria(
        [
            Criterion(f"{name} {ratio:.2g}", None if ratio != ratio else ratio >= FROZEN)
            for name, ratio in ratios.items()
        ],
        suspects=("encoder_frozen", "actor_saturated"),
    )
