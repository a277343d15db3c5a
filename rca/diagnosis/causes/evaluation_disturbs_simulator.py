"""The evaluation disturbs the training simulator."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="evaluation_disturbs_simulator",
    title="The evaluation disturbs the training simulator",
    mechanism=(
        "An evaluation reloads the world or leaves it asynchronous; from the next reset "
        "on, training steps a damaged world, and episodes end for reasons that no policy "
        "has."
    ),
    acts_from=Moment.FIRST_EVALUATION,
    supports=(
        Sign("evaluation.foreign_steps", Grade.FACT, says="by somebody else"),
        Sign("evaluation.control", Grade.PROOF, when=(Verdict.FAIL,)),
        Sign("evaluation.control", Grade.STRONG, when=(Verdict.WARN,)),
        Sign("evaluation.running_episode", Grade.PROOF),
        Sign("evaluation.step_time", Grade.STRONG),
        Sign("evaluation.episode_shift", Grade.STRONG),
        Sign("ordering.random_phase", Grade.WEAK),
    ),
    contradicts=(
        passes("evaluation.control", Grade.STRONG),
        passes("evaluation.step_time", Grade.WEAK),
    ),
    to_decide="Evaluate twice with no update between, and log the wall clock of every step.",
    change="Run with and without evaluation, same seeds (budget.eval_every = 0).",
    remedy=(
        "Give the evaluation a simulator of its own, or restore world, settings and "
        "actors after it."
    ),
    references=("signals.md, zero-update control", "defect D03"),
)
