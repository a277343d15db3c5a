"""The memory returns transitions that did not take place."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="replay_wrong",
    title="The memory returns transitions that did not take place",
    mechanism=(
        "Rewards, successors or whole transitions are mixed up, changed, repeated or too "
        "few; the critic learns noise."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("wiring.rewards", Grade.PROOF),
        Sign("wiring.next_state", Grade.FACT),
        Sign("wiring.memory", Grade.FACT, says="mixed up"),
        Sign("wiring.memory", Grade.FACT, says="changed"),
        Sign("wiring.memory", Grade.FACT, says="drawn unevenly"),
        Sign("wiring.memory", Grade.FACT, says="drawn again"),
        Sign("wiring.batches", Grade.FACT),
        Sign("replay.size", Grade.PROOF),
        Sign("replay.batch_share", Grade.STRONG),
        Sign("critic.value_bias", Grade.WEAK),
        Sign("critic.fits_target", Grade.WEAK),
    ),
    contradicts=(
        passes("wiring.rewards", Grade.STRONG),
        passes("wiring.memory", Grade.STRONG),
    ),
    to_decide=("Replay a recorded episode through the memory and compare every field."),
    change="Store rewards one slot late in a healthy run.",
    remedy="Test the memory against a plain list of transitions, borders of episodes included.",
    references=(
        "RLMutation: mangled, random, repeated transitions",
        "Fedus et al. 2020",
    ),
)
