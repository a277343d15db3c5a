"""A value is not a number."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="nan_values",
    title="A value is not a number",
    mechanism=("One NaN in a reward or gradient spreads to every weight within two updates."),
    acts_from=Moment.FIRST_STEP,
    supports=(
        Sign("signals.finite", Grade.PROOF, says="finite"),
        Sign("wiring.inputs", Grade.PROOF, says="not finite"),
    ),
    contradicts=(passes("signals.finite", Grade.PROOF),),
    to_decide=("Stop at the first loss that is not finite and keep the batch."),
    follows=("critic_diverged", "learning_rate_wrong"),
    change="Put one NaN into a reward of a healthy run.",
    remedy="Find the first tensor that is not finite; mend where it comes from.",
    references=(
        "RLDebugger",
        "signals.md",
    ),
)
