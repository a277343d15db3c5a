"""A normalised feature is compared with a physical threshold."""

from rca.diagnosis.cause import Cause, Moment

CAUSE = Cause(
    id="units_mixed",
    title="A normalised feature is compared with a physical threshold",
    mechanism=(
        "Speed divided by its maximum is held against metres per second, so a rule never, "
        "or always, applies."
    ),
    acts_from=Moment.FIRST_STEP,
    supports=(),
    to_decide="No telemetry shows it; run the reward function on scripted situations.",
    change="Print both sides of the comparison.",
    remedy="Name the unit in the variable; compare like with like.",
    references=("signals.md, unit check", "defect D26"),
)
