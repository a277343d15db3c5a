"""Touching a lane marking ends the episode as off the road."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="lane_touch_terminates",
    title="Touching a lane marking ends the episode as off the road",
    mechanism=(
        "A lane-invasion sensor stands in for leaving the road, so the first correction "
        "of a learning driver ends its episode."
    ),
    acts_from=Moment.FIRST_STEP,
    driving=True,
    supports=(
        Sign("episodes.touch_ends", Grade.FACT),
        Sign("episodes.lane_endings", Grade.STRONG),
        Sign("episodes.end_reasons", Grade.STRONG, says="off_road"),
        Sign("ordering.short_episodes", Grade.WEAK),
        Sign("metrics.endings", Grade.WEAK),
    ),
    contradicts=(
        passes("episodes.touch_ends", Grade.FACT),
        passes("episodes.lane_endings", Grade.STRONG),
        passes("ordering.short_episodes", Grade.WEAK),
    ),
    to_decide="Log the reason of each ending and the number of lane touches per episode.",
    change="Set env.lane_touch_terminates and compare the lengths of random episodes.",
    remedy="End the episode at a distance from the lane centre, not at a touch.",
    references=("signals.md, end reasons", "defect D04"),
)
