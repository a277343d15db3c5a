"""Progress is worth more than what a failure costs."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="progress_outweighs_penalties",
    title="Progress is worth more than what a failure costs",
    mechanism=(
        "One fast step earns more than the penalty for ending off the road, so rushing to "
        "an early end pays."
    ),
    acts_from=Moment.FIRST_STEP,
    driving=True,
    supports=(
        Sign("reward.promises", Grade.PROOF, says="collision"),
        Sign("reward.early_end_pays", Grade.STRONG),
    ),
    contradicts=(
        passes("reward.promises", Grade.PROOF),
        passes("reward.early_end_pays", Grade.STRONG),
    ),
    to_decide="Log the reward terms per step.",
    change=(
        "Raise the penalties above what one second of driving earns and compare episode lengths."
    ),
    remedy="Weigh terms on scripted situations before training.",
    references=("signals.md, reward probe", "defects D11 and D25"),
)
