"""Values are overestimated."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="critic_overestimates",
    title="Values are overestimated",
    mechanism=(
        "The target takes too large a value (a maximum, one critic, no "
        "smoothing), and the actor climbs the error."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("wiring.twin_minimum", Grade.FACT),
        Sign("critic.value_bias", Grade.STRONG),
        Sign("critic.soft_divergence", Grade.STRONG),
    ),
    contradicts=(passes("critic.value_bias", Grade.STRONG),),
    to_decide=("Log Q beside the discounted return of evaluation episodes."),
    follows=("*",),
    change="Take the larger of both target values in a healthy run.",
    remedy="Take the minimum of the two target critics.",
    references=(
        "TD3 paper, section 4.2",
        "van Hasselt et al. 2018",
    ),
)
