"""A collision at speed has a positive net reward."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="collision_pays",
    title="A collision at speed has a positive net reward",
    mechanism="The reward for the speed just before the crash exceeds the penalty for it.",
    acts_from=Moment.FIRST_STEP,
    driving=True,
    supports=(
        Sign("reward.promises", Grade.STRONG, says="collision"),
        Sign("reward.early_end_pays", Grade.WEAK),
    ),
    contradicts=(
        passes("reward.promises", Grade.STRONG),
        passes("reward.early_end_pays", Grade.WEAK),
    ),
    to_decide="Log the reward terms of the step in which a collision takes place.",
    change="Run the reward function on a scripted collision at cruising speed.",
    remedy="Make the penalty grow with speed, or exceed what the last second earned.",
    references=("signals.md, reward probe", "defect D25"),
)
