"""The reward does not pay what was meant."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="reward_wrong",
    title="The reward does not pay what was meant",
    mechanism=(
        "Its sign, time or unit is wrong, or noise hides it: the agent learns what it is paid for."
    ),
    acts_from=Moment.FIRST_STEP,
    supports=(
        Sign("env.reward_path", Grade.FACT),
        Sign("env.witnessed", Grade.FACT, says="(rewards)"),
        Sign("reward.promises", Grade.PROOF, says="backward"),
        Sign("reward.promises", Grade.PROOF, says="more than nothing"),
        Sign("reward.sign_and_lag", Grade.PROOF),
        Sign("reward.endings_paid", Grade.STRONG),
        Sign("reward.progress_sign", Grade.STRONG),
        Sign("reward.idle_pays", Grade.STRONG),
        Sign("reward.idle_optimal", Grade.STRONG),
        Sign("reward.early_end_pays", Grade.STRONG),
        Sign("episodes.return_length", Grade.WEAK),
        Sign("reward.dominance", Grade.WEAK),
    ),
    contradicts=(passes("env.reward_path", Grade.STRONG),),
    to_decide=("Log each reward term per step."),
    change="Negate the reward of a healthy run.",
    remedy="Run rca probe reward; compare each term's sum per episode with what it should be.",
    references=(
        "RLMutation: reward noise",
        "signals.md, reward probe",
    ),
)
