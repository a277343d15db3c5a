"""No ending is stored as terminal."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="terminal_missing",
    title="No ending is stored as terminal",
    mechanism=(
        "Values bootstrap through collisions and goals as if driving went on: endings cost nothing."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("wiring.terminals", Grade.FACT),
        Sign("env.witnessed", Grade.FACT, says="ending missing"),
        Sign("wiring.memory", Grade.FACT, says="terminal missing"),
        Sign("wiring.memory", Grade.FACT, says="no ending is drawn"),
        Sign("replay.terminal_share", Grade.PROOF, says="too few"),
    ),
    contradicts=(
        passes("wiring.terminals", Grade.FACT),
        passes("replay.terminal_share", Grade.STRONG),
    ),
    to_decide=("Log the share of terminal transitions in each batch."),
    change="Store every ending of a healthy run as a time-out.",
    remedy="Store terminated, not truncated, and nothing else, as terminal.",
    references=(
        "RLMutation: missing terminal state",
        "Pardo et al. 2018",
    ),
)
