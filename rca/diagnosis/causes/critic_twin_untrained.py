"""The twin critics are one."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="critic_twin_untrained",
    title="The twin critics are one: only one is trained, or both are the same",
    mechanism=(
        "One keeps its first weights, and the minimum of both is mostly its noise; or both began "
        "with the same weights, and their minimum is either's."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("wiring.optimizers", Grade.FACT, says="critic:"),
        Sign("wiring.gradients", Grade.FACT, says="critic:"),
        Sign("wiring.weights_move", Grade.PROOF, says="critic:"),
        Sign("critic.twin_gap", Grade.FACT, says="one critic, twice"),
        Sign("critic.twin_gap", Grade.STRONG),
        Sign("critic.fits_target", Grade.WEAK),
    ),
    contradicts=(
        passes("wiring.weights_move", Grade.PROOF),
        passes("critic.twin_gap", Grade.WEAK),
    ),
    to_decide=("Log the loss and drift of each critic."),
    change="Leave one critic out of the loss of a healthy run.",
    remedy="Sum both critics' losses.",
    references=("TD3 paper, section 4.2",),
)
