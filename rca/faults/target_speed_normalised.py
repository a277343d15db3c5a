"""A speed in m/s is held against a normalised limit."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "target_speed_normalised",
    causes=(
        "units_mixed",
        "reward_wrong",
    ),
    caught_by=("config.speed_unit",),
    source="defect D26",
)
def target_speed_normalised(build: Build) -> Build:
    """A speed in m/s is held against a normalised limit."""
    return with_settings(build, env__reward__target_speed=0.4, env__reward__speed=1.0)
