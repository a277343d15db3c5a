"""The run does not follow from its seed."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="seed_ignored",
    title="The run does not follow from its seed",
    mechanism=(
        "Something draws from a source that the seed does not reach: runs cannot "
        "be repeated, nor compared in pairs. Or every episode is given the same seed, and one "
        "route is all that is learned and judged."
    ),
    acts_from=Moment.LOAD,
    supports=(
        Sign("config.seed_in_force", Grade.FACT),
        Sign("env.witnessed", Grade.FACT, says="(seeds)"),
    ),
    contradicts=(passes("config.seed_in_force", Grade.FACT),),
    to_decide=("Run twice with one seed and compare weights_digest in results.json."),
    change="Draw first weights from the clock in a healthy run.",
    remedy="Give every source of randomness a generator from the seed.",
    references=("Henderson et al. 2018",),
)
