"""A penalty is declared under a key that the code does not read."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign

CAUSE = Cause(
    id="penalty_misspelt",
    title="A penalty is declared under a key that the code does not read",
    mechanism=(
        "A default takes the place of the declared value, and a weight multiplies it: one "
        "mistake then costs orders of magnitude more than intended."
    ),
    acts_from=Moment.LOAD,
    supports=(
        Sign("config.twice", Grade.STRONG, when=(Verdict.FAIL,), says="penalty"),
        Sign("reward.idle_optimal", Grade.WEAK),
        Sign("reward.penalty_size", Grade.WEAK, when=(Verdict.FAIL,)),
    ),
    to_decide="Log the effective reward weights, and the reward terms per step.",
    change="Rename the key to what the code reads and compare the largest penalty.",
    remedy=(
        "Refuse unknown keys when loading; log the effective reward weights once at the start."
    ),
    references=("signals.md, config reachability", "defect D05"),
)
