"""Leaving the road costs 500."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "penalty_huge",
    causes=("penalty_too_large",),
    caught_by=("reward.penalty_size",),
    source="defect D05",
)
def penalty_huge(build: Build) -> Build:
    """Leaving the road costs 500."""
    return with_settings(build, env__reward__off_road=500.0, env__reward__collision=500.0)
