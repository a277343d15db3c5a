"""The critics' loss is not their squared distance from the target."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="loss_wrong",
    title="The critics' loss is not their squared distance from the target",
    mechanism=(
        "Shapes that broadcast compare every value with every target, or something behind the "
        "values bends them: the critics learn a mean, or what they can never reach."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("wiring.squared_error", Grade.PROOF),
        Sign("wiring.recomputed", Grade.FACT, says="gradient of critic"),
    ),
    contradicts=(
        passes("wiring.recomputed", Grade.FACT),
        passes("wiring.squared_error", Grade.STRONG),
    ),
    follows=(
        "critic_diverged",
        "critic_frozen",
        "critic_twin_untrained",
        "encoder_frozen",
        "gradients_pile_up",
        "nan_values",
    ),
    to_decide="Print the shapes of value, target and loss in one update.",
    change="Leave out a squeeze: [batch, 1] against [batch].",
    remedy="Make value and target [batch] both; leave the critics' last layer linear.",
    references=("TD3 paper, algorithm 1",),
)
