"""One mistake costs more than all the idling there can be."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="penalty_too_large",
    title="One mistake costs more than all the idling there can be",
    mechanism=(
        "A penalty that dwarfs every other reward makes any attempt to drive worse than "
        "none, and its size swamps what the critic could learn about the rest."
    ),
    acts_from=Moment.FIRST_STEP,
    supports=(
        Sign("reward.idle_optimal", Grade.STRONG),
        Sign("reward.penalty_size", Grade.STRONG),
        Sign("critic.td_tails", Grade.WEAK),
    ),
    contradicts=(passes("reward.idle_optimal", Grade.STRONG),),
    follows=("penalty_misspelt",),
    to_decide="Log the reward terms per step.",
    change="Divide the largest penalty by 100 and compare the share of standing still.",
    remedy="Keep the largest penalty within ten times what a good horizon earns.",
    references=("signals.md, dominance",),
)
