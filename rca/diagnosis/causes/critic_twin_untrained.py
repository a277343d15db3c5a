"""Only one of the twin critics is trained."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="critic_twin_untrained",
    title="Only one of the twin critics is trained",
    mechanism=("The other keeps its first weights; the minimum of both is then mostly its noise."),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("wiring.optimizers", Grade.FACT, says="critic:"),
        Sign("wiring.gradients", Grade.FACT, says="critic:"),
        Sign("wiring.weights_move", Grade.PROOF, says="critic:"),
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
