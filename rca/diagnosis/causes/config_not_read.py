"""Declared settings are never read."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="config_not_read",
    title="Declared settings are never read",
    mechanism=(
        "A value in the configuration has no effect, because code sets its own; "
        "experiments on it compare a run with itself."
    ),
    acts_from=Moment.LOAD,
    supports=(
        Sign("wiring.discount", Grade.FACT, says="configured"),
        Sign("wiring.exploration", Grade.FACT, says="in force"),
        Sign("wiring.learning_rates", Grade.FACT, says="configured"),
        Sign("config.effective", Grade.PROOF),
        Sign("phases.found", Grade.STRONG),
        Sign("updates.executed", Grade.STRONG, when=(Verdict.FAIL,)),
        Sign("config.discount", Grade.STRONG),
        Sign("config.twice", Grade.WEAK),
    ),
    contradicts=(passes("config.effective", Grade.WEAK),),
    to_decide="Log learning rates from optimizer.param_groups and the exploration noise in use.",
    misleads=True,
    change="Change the declared value to something absurd and see whether anything changes.",
    remedy="Refuse keys that are never read; log effective values from the objects in use.",
    references=("signals.md, config reachability", "defect D13"),
)
