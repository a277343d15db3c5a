"""The critics are not trained."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign

CAUSE = Cause(
    id="critic_frozen",
    title="The critics are not trained, or no more",
    mechanism=(
        "Frozen for the actor's loss and never freed, or left out of the loss: their values stay "
        "as they are, and the actor climbs what nobody corrects."
    ),
    acts_from=Moment.FIRST_UPDATE,
    ours=True,
    supports=(
        Sign("wiring.recomputed", Grade.PROOF, says="critic gets no gradient"),
        Sign("wiring.recomputed", Grade.PROOF, says="step of critic does not move"),
        Sign("signals.finite", Grade.PROOF, says="no gradient any more: critic/"),
    ),
    contradicts=(Sign("wiring.recomputed", Grade.FACT, when=(Verdict.PASS,)),),
    to_decide="Log the gradient norm of the critics.",
    follows=("critic_twin_untrained", "learning_rate_wrong", "units_dead"),
    change="Set requires_grad of a healthy run's critics to False after the first actor update.",
    remedy="Give the critics back their requires_grad after the actor's step, in `finally`.",
    references=("Spinning Up's TD3 freezes and frees them around the actor's loss",),
)
