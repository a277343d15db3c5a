"""Touching a lane marking ends the episode as off the road."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "lane_touch_ends",
    causes=("lane_touch_terminates",),
    caught_by=("episodes.touch_ends",),
    source="defect D04",
)
def lane_touch_ends(build: Build) -> Build:
    """Touching a lane marking ends the episode as off the road."""
    return with_settings(build, env__lane_touch_terminates=True)
