"""Exploration noise is 0.6 of the action's half-range."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "exploration_noise_high",
    causes=("exploration_noise_high",),
    caught_by=("seed.config_exploration_noise",),
    source="seed.md, Issue #2",
)
def exploration_noise_high(build: Build) -> Build:
    """Exploration noise is 0.6 of the action's half-range."""
    return with_settings(build, agent__exploration_noise=0.6)
