"""The actor does not climb the critic's value of its own action."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign

CAUSE = Cause(
    id="policy_loss_wrong",
    title="The actor does not climb the critic's value of its own action",
    mechanism=(
        "Its loss is another one, or part of the gradient is cut off: the policy goes where no "
        "value leads it."
    ),
    acts_from=Moment.FIRST_UPDATE,
    ours=True,
    supports=(Sign("wiring.recomputed", Grade.PROOF, says="gradient of actor"),),
    contradicts=(
        Sign("wiring.recomputed", Grade.FACT, when=(Verdict.PASS,), says="the actor's too"),
    ),
    to_decide="Compute -Q1(s, pi(s)) of one batch by hand and compare its gradient.",
    follows=(
        "actor_critic_feature_mixup",
        "actor_frozen",
        "encoder_frozen",
        "encoder_stepped_twice",
        "gradients_pile_up",
        "nan_values",
        "steps_uphill",
    ),
    change="Leave the minus out of the actor's loss in a healthy run.",
    remedy="Minimise the mean of -Q1 of the actor's own, undetached action.",
    references=("TD3 paper, algorithm 1",),
)
