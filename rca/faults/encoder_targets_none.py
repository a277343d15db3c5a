"""The encoders have no targets."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "encoder_targets_none",
    causes=("encoder_targets_missing",),
    caught_by=("wiring.target_features",),
    source="seed.md, Issue #6",
)
def encoder_targets_none(build: Build) -> Build:
    """The encoders have no targets."""
    return with_settings(build, agent__encoder_targets=False)
