"""The weights do not move as Adam moves them with the settings in force."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="optimizer_wrong",
    title="The weights do not move as the optimizers' settings say",
    mechanism=(
        "The gradients are right and the steps are not: another optimizer or rate, a decay of "
        "weights, a step left out or taken twice, weights changed from outside."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("wiring.recomputed", Grade.PROOF, says="step of"),
        Sign("wiring.recomputed", Grade.PROOF, says="weights between updates"),
        Sign("wiring.stepped_twice", Grade.FACT, says="no encoder"),
    ),
    contradicts=(passes("wiring.recomputed", Grade.FACT),),
    to_decide="Compute one step of Adam by hand and compare.",
    follows=(
        "actor_frozen",
        "config_not_read",
        "critic_frozen",
        "critic_twin_untrained",
        "encoder_frozen",
        "encoder_stepped_twice",
        "gradients_clipped_away",
        "gradients_pile_up",
        "learning_rate_wrong",
        "nan_values",
        "steps_uphill",
    ),
    change="Add a weight decay of 0.1 to an optimizer of a healthy run.",
    remedy="Print the optimizers once made; look for schedulers and for what writes weights.",
    references=("Kingma and Ba 2015, algorithm 1",),
)
