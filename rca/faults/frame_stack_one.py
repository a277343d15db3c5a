"""The agent sees a single frame, no motion."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "frame_stack_one",
    causes=("frames_wrong",),
    caught_by=("config.frame_stack",),
    source="Mnih et al. 2015",
)
def frame_stack_one(build: Build) -> Build:
    """The agent sees a single frame, no motion."""
    return with_settings(build, env__frame_stack=1)
