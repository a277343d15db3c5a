"""Other vehicles never move."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="traffic_frozen",
    title="Other vehicles never move",
    mechanism="Without autopilot the traffic stands where it was spawned and blocks the route.",
    acts_from=Moment.RESET,
    driving=True,
    supports=(Sign("env.traffic", Grade.FACT),),
    contradicts=(passes("env.traffic", Grade.PROOF),),
    to_decide="Log the mean speed of the other vehicles.",
    change="Switch the autopilot on and compare collisions.",
    remedy="Call set_autopilot on every spawned vehicle.",
    references=("defect D23",),
)
