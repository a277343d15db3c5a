"""The actor is pinned at the ends of tanh."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="actor_saturated",
    title="The actor is pinned at the ends of tanh",
    mechanism=(
        "Outputs before tanh are so large that its slope is 0: one constant action, and "
        "no gradient that could change it."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("actor.dead", Grade.PROOF),
        Sign("actor.saturation", Grade.PROOF),
        Sign("actor.diversity", Grade.WEAK),
        Sign("gradients.flow", Grade.WEAK, when=(Verdict.FAIL,), says="MISSED: actor median"),
    ),
    contradicts=(passes("actor.dead", Grade.PROOF),),
    explains=("actor.dead",),
    follows=("*", "config_not_read"),
    to_decide="Log the gradient norm of the actor and the share of actions at their bound.",
    change=("Penalise the size of the output before tanh and compare the share of zero gradients."),
    remedy="Remove what drives it there; bound the output before tanh.",
    references=("signals.md, dead actor", "defect D09"),
)
