"""Gradients are never zeroed."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="gradients_pile_up",
    title="Gradients are never zeroed",
    mechanism=(
        "Each step follows the sum of all gradients so far: an optimizer with an ever longer "
        "momentum, which runs past every optimum."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(Sign("wiring.steps", Grade.PROOF, says="piled up"),),
    contradicts=(passes("wiring.steps", Grade.FACT),),
    to_decide="Attach rca.watch: it looks for gradients before each backward pass.",
    change="Leave out `zero_grad`.",
    remedy="Call `zero_grad` before each backward pass.",
    references=("PyTorch's tutorials: zeroing out gradients",),
)
