"""The actor maximises a value that the critic never learned."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="actor_critic_feature_mixup",
    title="The actor maximises a value that the critic never learned",
    mechanism=(
        "The actor's loss evaluates Q on the actor's encoder features while the critic is "
        "trained on its own; the actor's encoder is optimised to raise that number, "
        "without any reward."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("wiring.features", Grade.FACT),
        Sign("wiring.policy_features", Grade.FACT),
        Sign("wiring.target_features", Grade.FACT, when=(Verdict.FAIL,)),
        Sign("actor.policy_q_gap", Grade.PROOF),
        Sign("actor.encoder_consistency", Grade.PROOF),
        Sign("critic.soft_divergence", Grade.WEAK, when=(Verdict.FAIL,), says="actor/q"),
        Sign("encoder.weight_growth", Grade.WEAK, when=(Verdict.FAIL,)),
        Sign("ordering.learning_collapse", Grade.WEAK),
    ),
    contradicts=(
        passes("wiring.features", Grade.FACT),
        passes("actor.policy_q_gap", Grade.STRONG),
    ),
    explains=("actor.policy_q_gap", "ordering.short_episodes"),
    to_decide="Log the actor's loss and the critic's mean Q of the same batch.",
    change="Compute the actor's loss on the critic's features; nothing else.",
    remedy=(
        "Use the critic's features for Q and the actor's for the action alone; feed one "
        "observation through both paths and compare."
    ),
    references=("signals.md, policy-Q gap", "evidence.md, section 1", "defect D08"),
)
