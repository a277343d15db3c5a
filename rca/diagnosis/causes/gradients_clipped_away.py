"""Gradients are clipped to next to nothing."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="gradients_clipped_away",
    title="Gradients are clipped to next to nothing",
    mechanism=(
        "Every step is cut to the same tiny norm; Adam hides it only in part, and "
        "noise decides the direction."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("gradients.clipped", Grade.PROOF),
        Sign("learner.update_ratio", Grade.WEAK),
    ),
    contradicts=(passes("gradients.clipped", Grade.STRONG),),
    to_decide=("Log gradient norms before clipping beside the limit."),
    change="Clip the gradients of a healthy run to 1e-6.",
    remedy="Clip above the usual norm (its 95th percentile), or not at all.",
    references=(
        "Cockpit",
        "signals.md, clip fraction",
    ),
)
