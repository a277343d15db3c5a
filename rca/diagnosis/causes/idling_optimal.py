"""Standing still is the best that the reward allows."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="idling_optimal",
    title="Standing still is the best that the reward allows",
    mechanism=(
        "Discounted, idling for ever costs less than one mistake; a learner that works "
        "finds that and stops the car."
    ),
    acts_from=Moment.FIRST_STEP,
    driving=True,
    supports=(
        Sign("reward.promises", Grade.PROOF, says="standing still"),
        Sign("reward.idle_optimal", Grade.PROOF),
        Sign("env.standing_still", Grade.WEAK, says="learning"),
        Sign("episodes.identical", Grade.WEAK),
        Sign("evaluation.frozen", Grade.WEAK),
    ),
    contradicts=(
        passes("reward.promises", Grade.STRONG),
        passes("reward.idle_optimal", Grade.STRONG),
    ),
    follows=("penalty_too_large", "penalty_misspelt", "lane_touch_terminates", "units_mixed"),
    to_decide="Log speed and reward per step.",
    change="Raise the cost of idling above (1 - discount) times the cost of a mistake.",
    remedy="Raise the cost of idling or lower the cost of a mistake.",
    references=("signals.md, reward probe", "defect D22"),
)
