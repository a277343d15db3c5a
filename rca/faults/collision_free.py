"""A collision costs nothing."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "collision_free",
    causes=("collision_pays", "progress_outweighs_penalties"),
    caught_by=("reward.promises",),
    source="defect D25",
)
def collision_free(build: Build) -> Build:
    """A collision costs nothing, so that the speed just before it pays."""
    return with_settings(build, env__reward__collision=0.0)
