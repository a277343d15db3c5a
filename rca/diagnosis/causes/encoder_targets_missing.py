"""The encoders have no target networks (the seed's issue 6)."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="encoder_targets_missing",
    title="The encoders have no target networks (the seed's issue 6)",
    mechanism=(
        "The seed says: target values move with the online encoder and destabilise learning."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("wiring.target_features", Grade.FACT, when=(Verdict.WARN,)),
        Sign("critic.loss_rising", Grade.WEAK, when=(Verdict.FAIL,)),
        Sign("critic.fits_target", Grade.WEAK, when=(Verdict.FAIL,)),
    ),
    contradicts=(
        passes("wiring.target_features", Grade.FACT),
        passes("critic.loss_rising", Grade.WEAK),
        passes("critic.fits_target", Grade.WEAK),
    ),
    explains=("ordering.short_episodes", "ordering.random_phase"),
    to_decide="Log the mean target beside mean Q.",
    change="Set agent.encoder_targets, same seeds, nothing else.",
    remedy="Optional: DrQ-v2 has none and learns.",
    references=("seed.md, issue 6", "evidence.md, section 3"),
)
