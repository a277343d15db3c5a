"""Learning starts too early (the seed's issue 3)."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="learning_starts_early",
    title="Learning starts too early (the seed's issue 3)",
    mechanism="The seed says: early updates on poor data corrupt the values.",
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("replay.batch_share", Grade.STRONG, when=(Verdict.FAIL,)),
        Sign("replay.batch_share", Grade.WEAK, when=(Verdict.WARN,)),
        Sign("seed.config_learning_starts", Grade.WEAK, when=(Verdict.FAIL,)),
    ),
    contradicts=(
        passes("replay.batch_share", Grade.WEAK),
        passes("seed.config_learning_starts", Grade.STRONG),
    ),
    explains=("ordering.short_episodes", "ordering.random_phase"),
    to_decide="Run both settings with paired seeds and equal numbers of updates.",
    change="Set agent.learning_starts to 25,000 and lengthen the run by as much.",
    remedy="Compare at equal numbers of updates, not of steps.",
    references=("seed.md, issue 3", "evidence.md, section 3: the quotation is false"),
)
