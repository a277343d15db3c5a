"""The memory holds about one episode."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "replay_tiny",
    causes=("replay_wrong",),
    caught_by=("wiring.batches",),
    source="Fedus et al. 2020",
)
def replay_tiny(build: Build) -> Build:
    """The memory holds about one episode."""
    return with_settings(build, agent__buffer_size=200)
