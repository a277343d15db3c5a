"""The batch is larger than the memory."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "batch_beyond_buffer",
    causes=("replay_wrong",),
    caught_by=("replay.batch_share",),
    source="signals.md, batch share",
)
def batch_beyond_buffer(build: Build) -> Build:
    """The batch is larger than the memory."""
    return with_settings(build, agent__batch_size=256, agent__buffer_size=128)
