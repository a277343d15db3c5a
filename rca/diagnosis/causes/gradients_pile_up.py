"""Gradients are never zeroed."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign

CAUSE = Cause(
    id="gradients_pile_up",
    title="Gradients are never zeroed",
    mechanism=(
        "Each step follows the sum of all gradients so far: an optimizer with an ever longer "
        "momentum, which runs past every optimum."
    ),
    acts_from=Moment.FIRST_UPDATE,
    ours=True,
    supports=(Sign("wiring.steps", Grade.FACT, says="piled up"),),
    contradicts=(
        Sign("wiring.steps", Grade.FACT, when=(Verdict.PASS,), says="from old gradients"),
    ),
    to_decide="Look for gradients before each backward pass.",
    change="Leave out `zero_grad`.",
    remedy="Call `zero_grad` before each backward pass.",
    references=("PyTorch's tutorials: zeroing out gradients",),
)
