"""The smoothing noise is large and not clipped."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "smoothing_unclipped",
    causes=("smoothing_wrong",),
    caught_by=("wiring.smoothing",),
    source="TD3 paper, section 5.3",
)
def smoothing_unclipped(build: Build) -> Build:
    """The smoothing noise is large and not clipped."""
    return with_settings(build, agent__target_noise=2.0, agent__target_noise_clip=100.0)
