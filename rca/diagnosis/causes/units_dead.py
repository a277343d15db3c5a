"""Most hidden units are silent."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="units_dead",
    title="Most hidden units are silent",
    mechanism=(
        "A ReLU that is negative for every input passes nothing on and gets no "
        "gradient; it does not come back."
    ),
    acts_from=Moment.FIRST_STEP,
    supports=(
        Sign("learner.dormant_units", Grade.PROOF),
        Sign("actor.dead", Grade.STRONG),
    ),
    contradicts=(passes("learner.dormant_units", Grade.PROOF),),
    to_decide=("Log the share of dormant units per layer."),
    follows=("*", "config_not_read"),
    change="Set the hidden biases of a healthy run to -10.",
    remedy="Lower the learning rate, use layer norm, or re-initialise dormant units.",
    references=(
        "Sokar et al. 2023",
        "Lu et al. 2019",
    ),
)
