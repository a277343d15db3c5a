"""The route planner falls back silently."""

from rca.diagnosis.cause import Cause, Moment

CAUSE = Cause(
    id="route_fallback",
    title="The route planner falls back silently",
    mechanism=(
        "An import fails, a fixed list of waypoints is used instead, and progress is "
        "measured along a route that the car is not on."
    ),
    acts_from=Moment.RESET,
    driving=True,
    supports=(),
    to_decide=(
        "Log which planner is in use, and the share of steps in which progress and motion "
        "disagree in sign."
    ),
    change="Make the fallback raise.",
    remedy="Refuse to run without the planner, or report its absence in the results.",
    references=("defect D24",),
)
