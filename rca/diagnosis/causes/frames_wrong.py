"""The agent sees wrong, shuffled, single or stale frames."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="frames_wrong",
    title="The agent sees wrong, shuffled, single or stale frames",
    mechanism=(
        "Motion and the present state are not in what it sees, so one observation "
        "asks for several actions."
    ),
    acts_from=Moment.FIRST_STEP,
    supports=(
        Sign("env.frame_stack", Grade.FACT),
        Sign("env.observation_age", Grade.FACT),
        Sign("env.witnessed", Grade.FACT, says="(pictures)"),
        Sign("env.witnessed", Grade.FACT, says="(late"),
        Sign("wiring.frames", Grade.FACT),
        Sign("wiring.recomputed", Grade.FACT, says="pictures fed"),
        Sign("config.frame_stack", Grade.FACT),
        Sign("observation.frames", Grade.PROOF),
        Sign("actor.image_use", Grade.WEAK),
        Sign("episodes.learned_against_random", Grade.WEAK),
    ),
    contradicts=(
        passes("env.frame_stack", Grade.STRONG),
        passes("wiring.frames", Grade.STRONG),
    ),
    to_decide=("Save ten stacks from the memory as pictures; rca probe env looks at them."),
    change="Shuffle the frames of each stack, or delay them, in a healthy run.",
    remedy="Look at stacks from the memory: order, number, time.",
    references=(
        "Mnih et al. 2015",
        "RLMutation: missing state update",
    ),
)
