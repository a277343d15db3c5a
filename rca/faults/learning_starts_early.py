"""Learning starts after 64 steps."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "learning_starts_early",
    causes=("learning_starts_early",),
    caught_by=("seed.config_learning_starts",),
    source="seed.md, Issue #3; muPRL",
)
def learning_starts_early(build: Build) -> Build:
    """Learning starts after 64 steps."""
    return with_settings(build, agent__learning_starts=64)
