"""Evaluation acts with exploration noise."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="evaluation_noisy",
    title="Evaluation acts with exploration noise",
    mechanism=("The policy is better than its evaluation says, and evaluations scatter."),
    acts_from=Moment.FIRST_EVALUATION,
    supports=(
        Sign("evaluation.deterministic", Grade.FACT),
        Sign("evaluation.improves", Grade.WEAK),
        Sign("evaluation.episode_shift", Grade.WEAK),
    ),
    contradicts=(passes("evaluation.deterministic", Grade.FACT),),
    to_decide=("Evaluate twice on the same routes: without noise both agree exactly."),
    change="Keep the noise on in the evaluation of a healthy run.",
    remedy="Evaluate the deterministic policy.",
    references=("Henderson et al. 2018",),
)
