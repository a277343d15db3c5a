"""A normalised feature is compared with a physical threshold."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign

CAUSE = Cause(
    id="units_mixed",
    title="A normalised feature is compared with a physical threshold",
    mechanism=(
        "Speed divided by its maximum is held against metres per second, so a rule never, "
        "or always, applies."
    ),
    acts_from=Moment.FIRST_STEP,
    supports=(Sign("config.speed_unit", Grade.PROOF),),
    to_decide="Run the reward function on scripted situations: rca probe reward.",
    change="Print both sides of the comparison.",
    remedy="Name the unit in the variable; compare like with like.",
    references=("signals.md, unit check", "defect D26"),
)
