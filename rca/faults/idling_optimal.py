"""Every movement of the wheel costs, driving earns nothing."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "idling_optimal",
    causes=(
        "idling_optimal",
        "reward_design",
    ),
    caught_by=("reward.promises",),
    source="defect D22",
)
def idling_optimal(build: Build) -> Build:
    """Every movement of the wheel costs, driving earns nothing."""
    return with_settings(
        build,
        env__reward__progress=0.0,
        env__reward__speed=0.0,
        env__reward__steering=0.5,
        env__reward__stuck=0.0,
        env__reward__idle=0.0,
    )
