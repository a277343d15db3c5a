"""An optimizer steps up its loss."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="steps_uphill",
    title="An optimizer steps up its loss",
    mechanism=(
        "The loss and its gradient are right, and the step is turned round: the actor looks for "
        "the worst action, or the critic for the largest error."
    ),
    acts_from=Moment.FIRST_UPDATE,
    ours=True,
    supports=(Sign("wiring.steps", Grade.PROOF, says="turned round"),),
    contradicts=(passes("wiring.steps", Grade.FACT),),
    to_decide="Hold one step against its gradient: their product is to be negative.",
    change="Set `maximize=True` on an optimizer whose loss already has its minus.",
    remedy="Keep one of the two signs: minus in the loss, or `maximize` in the optimizer.",
    references=("PyTorch's documentation of `maximize`",),
)
