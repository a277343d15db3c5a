"""Far fewer or far more updates than steps."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="update_ratio_wrong",
    title="Far fewer or far more updates than steps",
    mechanism=(
        "Too few updates leave the policy as it was; too many fit a small memory, "
        "and values of unseen actions run away."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("updates.policy_delay", Grade.FACT),
        Sign("updates.replay_ratio", Grade.PROOF, when=(Verdict.FAIL,), says="not TD3's one"),
        Sign("updates.replay_ratio", Grade.STRONG, when=(Verdict.WARN,)),
        Sign("replay.batch_share", Grade.WEAK),
        Sign("critic.validation_td", Grade.WEAK),
    ),
    contradicts=(passes("updates.replay_ratio", Grade.STRONG),),
    to_decide=("Log the number of updates beside that of steps."),
    change="Set updates_per_step to 20, or skip 49 of 50 updates, in a healthy run.",
    remedy="Make about one update per environment step, then vary it on purpose.",
    references=(
        "Nikishin et al. 2022",
        "signals.md, replay ratio",
    ),
)
