"""The reward makes doing nothing attractive (the seed's issue 4, there called fixed)."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="reward_design",
    title=("The reward makes doing nothing attractive (the seed's issue 4, there called fixed)"),
    mechanism="Penalties for acting outweigh what driving earns.",
    acts_from=Moment.FIRST_STEP,
    supports=(
        Sign("reward.idle_optimal", Grade.STRONG),
        Sign("reward.idle_pays", Grade.STRONG),
        Sign("reward.early_end_pays", Grade.WEAK),
    ),
    contradicts=(passes("reward.idle_optimal", Grade.WEAK), passes("reward.idle_pays", Grade.WEAK)),
    follows=("idling_optimal", "idling_pays", "progress_outweighs_penalties"),
    change=("Run the reward function on scripted situations: idle, drive, cross a lane, collide."),
    remedy="See the more exact causes: idling_optimal, idling_pays, penalty_too_large.",
    references=("seed.md, issue 4", "signals.md, reward probe"),
)
