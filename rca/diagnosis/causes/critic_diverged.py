"""The critic diverged."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="critic_diverged",
    title="The critic diverged",
    mechanism="Values leave what rewards can add up to; the actor climbs them.",
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("wiring.critic_loss", Grade.FACT),
        Sign("critic.soft_divergence", Grade.STRONG, when=(Verdict.FAIL,), says="critic/"),
        Sign("critic.loss_rising", Grade.STRONG, when=(Verdict.FAIL,)),
        Sign("critic.twin_gap", Grade.WEAK, says="differ by"),
        # NaN in the batch came from the environment, before any critic saw it.
        Sign("signals.finite", Grade.STRONG, says="signals turn NaN"),
        Sign("signals.finite", Grade.STRONG, says="of a finite batch"),
        Sign("critic.value_bias", Grade.WEAK),
        Sign("gradients.explosion", Grade.WEAK, when=(Verdict.FAIL,)),
    ),
    contradicts=(
        passes("critic.twin_gap", Grade.WEAK),
        passes("critic.soft_divergence", Grade.WEAK),
    ),
    explains=("critic.soft_divergence",),
    follows=("*", "config_not_read"),
    change="Lower the critic learning rate or the discount, same seeds.",
    remedy="Look at termination mask, target networks and reward scale first.",
    references=("van Hasselt et al. 2018, Deep Reinforcement Learning and the Deadly Triad",),
)
