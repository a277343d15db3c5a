"""No gradient update took place."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="learner_never_started",
    title="No gradient update took place",
    mechanism=(
        "The warm-up is longer than the run, by configuration or by a second setting with "
        "the same meaning; whatever is seen is a random policy."
    ),
    acts_from=Moment.LOAD,
    supports=(
        Sign(
            "updates.executed",
            Grade.FACT,
            when=(
                Verdict.VACUOUS,
                Verdict.FAIL,
            ),
        ),
    ),
    contradicts=(passes("updates.executed", Grade.PROOF),),
    change="Set agent.learning_starts below the number of steps.",
    remedy="Lower the warm-up, or run longer; judge nothing about learning from this run.",
    references=("signals.md, vacuity", "defect D12"),
)
