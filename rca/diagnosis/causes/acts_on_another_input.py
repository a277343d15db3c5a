"""The policy drives on another observation than it learns from."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="acts_on_another_input",
    title="The policy drives on another observation than it learns from",
    mechanism=(
        "Acting and learning prepare their input apart (normalised, clipped, older): what the "
        "updates improve is not what drives."
    ),
    acts_from=Moment.FIRST_UPDATE,
    ours=True,
    supports=(Sign("wiring.acting", Grade.FACT),),
    contradicts=(passes("wiring.acting", Grade.FACT),),
    to_decide="Compare what enters the policy when it acts with the observation that is stored.",
    change="Normalise the vector where a healthy run acts, and not where it learns.",
    remedy="Prepare observations in one place, before acting and storing.",
    references=("Stable-Baselines3, VecNormalize",),
)
