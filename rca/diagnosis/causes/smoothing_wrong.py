"""Target policy smoothing is off, unbounded or on the wrong action."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="smoothing_wrong",
    title="Target policy smoothing is off, unbounded or on the wrong action",
    mechanism=(
        "Without clipped noise on the target action the actor finds narrow peaks "
        "of a wrong critic; with too much of it the target no longer tells "
        "actions apart."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("wiring.smoothing", Grade.FACT),
        Sign("wiring.actions", Grade.FACT, says="another action"),
        Sign("critic.action_sensitivity", Grade.WEAK),
        Sign("critic.value_bias", Grade.WEAK),
    ),
    contradicts=(passes("wiring.smoothing", Grade.FACT),),
    to_decide=("Log the target action before and after smoothing."),
    change="Set target_noise to 0, or its clip to 100, in a healthy run.",
    remedy="Add N(0, 0.2) clipped to 0.5 to the target actor's action, nowhere else.",
    references=("TD3 paper, section 5.3",),
)
