"""The simulator runs asynchronously."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="simulator_asynchronous",
    title="The simulator runs asynchronously",
    mechanism=(
        "The world goes on while the agent thinks; time between two observations varies "
        "and actions come late."
    ),
    acts_from=Moment.RESET,
    driving=True,
    supports=(Sign("env.physics", Grade.STRONG), Sign("ordering.random_phase", Grade.WEAK)),
    contradicts=(passes("env.physics", Grade.STRONG),),
    to_decide="Log the speed of every step, or the simulated time of every frame.",
    change="Switch synchronous mode off in a healthy run.",
    remedy="Set synchronous mode with a fixed time step, and check it after every reload.",
    references=("carla-protocol.md, traps", "CARLA documentation, Synchrony and time-step"),
)
