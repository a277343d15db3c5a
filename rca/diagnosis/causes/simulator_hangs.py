"""The simulator hangs in a tick."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="simulator_hangs",
    title="The simulator hangs in a tick",
    mechanism=(
        "world.tick() waits for a server that does not answer; the episode, and often the "
        "run, is lost."
    ),
    acts_from=Moment.LOAD,
    supports=(
        Sign("env.stalls", Grade.STRONG),
        Sign("run.finished", Grade.WEAK, when=(Verdict.FAIL,)),
    ),
    contradicts=(passes("env.stalls", Grade.STRONG),),
    change="Give every call a time-out and count the restarts.",
    remedy="Time out, restart the server, mark the episode as a simulator fault.",
    references=("signals.md, step time", "defect D16"),
)
