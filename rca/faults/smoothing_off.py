"""Target policy smoothing is off."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "smoothing_off",
    causes=("smoothing_wrong",),
    caught_by=("wiring.smoothing",),
    source="TD3 paper, section 5.3",
)
def smoothing_off(build: Build) -> Build:
    """Target policy smoothing is off."""
    return with_settings(build, agent__target_noise=0.0)
