"""Time-outs are stored as terminal."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="time_outs_terminal",
    title="Time-outs are stored as terminal",
    mechanism=(
        "The critic learns that the future is worth nothing where only the clock ran out, "
        "so all values before it sink."
    ),
    acts_from=Moment.FIRST_STEP,
    supports=(
        Sign("wiring.time_outs", Grade.FACT),
        Sign("env.witnessed", Grade.FACT, says="time-out terminal"),
        Sign("env.witnessed", Grade.STRONG, says="ending added"),
        Sign("wiring.memory", Grade.FACT, says="terminal added"),
        Sign("episodes.time_outs", Grade.FACT),
        Sign("replay.terminal_share", Grade.STRONG),
    ),
    contradicts=(
        passes("wiring.time_outs", Grade.FACT),
        passes("replay.terminal_share", Grade.STRONG),
    ),
    to_decide="Log the share of terminal transitions per batch, and the reason of each ending.",
    change="Store truncated as terminal in a healthy run and compare values.",
    remedy="Store terminated alone; bootstrap through time-outs.",
    references=("Pardo et al. 2018, Time Limits in Reinforcement Learning", "defect D07"),
)
