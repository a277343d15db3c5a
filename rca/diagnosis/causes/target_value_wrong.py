"""The critics' target is not TD3's."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="target_value_wrong",
    title="The critics' target is not r + discount * min Q' of TD3",
    mechanism=(
        "It is made from other networks, another action or another sum: the critics converge to "
        "something else than the value of the policy."
    ),
    acts_from=Moment.FIRST_UPDATE,
    ours=True,
    supports=(Sign("wiring.recomputed", Grade.PROOF, says="target value off"),),
    contradicts=(passes("wiring.recomputed", Grade.FACT),),
    to_decide="Compute the target of one batch by hand and compare.",
    follows=(
        "actor_critic_feature_mixup",
        "config_not_read",
        "critic_overestimates",
        "discount_wrong",
        "nan_values",
        "smoothing_wrong",
        "target_wrong",
        "terminal_missing",
        "time_outs_terminal",
    ),
    change="Ask the online actor for the next action in a healthy run.",
    remedy="Go through the target line by line: networks, noise, minimum, discount, terminal flag.",
    references=("TD3 paper, algorithm 1",),
)
