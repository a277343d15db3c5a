"""The vector observation is in raw metres and radians."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="observation_unscaled",
    title="The vector observation is in raw metres and radians",
    mechanism=(
        "Numbers in the hundreds beside features of unit size take over the first layer; "
        "what is small is not seen."
    ),
    acts_from=Moment.FIRST_STEP,
    supports=(
        Sign("wiring.inputs", Grade.FACT, says="vector"),
        Sign("env.witnessed", Grade.FACT, says="(vectors beyond 1)"),
    ),
    to_decide=(
        "Log minimum and maximum of each entry of the vector observation; no telemetry of "
        "this kind shows it."
    ),
    contradicts=(passes("wiring.inputs", Grade.FACT),),
    change="Multiply the vector observation by 100 in a healthy run and compare returns.",
    remedy="Scale every entry to about [-1, 1].",
    references=("signals.md, observation", "defect D15"),
)
