"""Success and collisions are read from keys that nobody sets."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="metrics_not_wired",
    title="Success and collisions are read from keys that nobody sets",
    mechanism=(
        "The trainer reads info keys that the environment does not fill; both metrics "
        "stay at their default, 0, whatever happens."
    ),
    acts_from=Moment.FIRST_STEP,
    supports=(
        Sign("metrics.counted", Grade.FACT),
        Sign("metrics.endings", Grade.STRONG),
        Sign("metrics.constant", Grade.WEAK),
    ),
    contradicts=(
        passes("metrics.counted", Grade.STRONG),
        passes("metrics.constant", Grade.STRONG),
        passes("metrics.endings", Grade.WEAK),
    ),
    misleads=True,
    change="Force one collision and one success by script and look at the counters.",
    remedy="Let a missing key raise instead of defaulting to 0.",
    references=("signals.md, metric liveness", "defect D06"),
)
