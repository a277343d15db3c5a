"""A target network does not follow its online network."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="target_wrong",
    title="A target network does not follow its online network",
    mechanism=(
        "It stands still, is copied whole, or uses another tau; values converge to "
        "something else, or not at all."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("wiring.targets", Grade.FACT),
        Sign("targets.follow", Grade.PROOF),
        Sign("wiring.recomputed", Grade.FACT, says="move of target"),
        Sign("critic.fits_target", Grade.WEAK),
    ),
    contradicts=(
        passes("wiring.targets", Grade.STRONG),
        passes("targets.follow", Grade.PROOF),
    ),
    explains=("targets.follow",),
    to_decide=(
        "Recompute tau w + (1 - tau) target after an update and log the largest "
        "difference (rca.watch does)."
    ),
    change="Freeze one target in a healthy run and compare values.",
    remedy="Look at the Polyak update: which modules, which tau, after which updates.",
    references=("signals.md, target lag", "RLDebugger"),
)
