"""The batch is four times as large."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "batch_size_large",
    causes=("batch_size_large",),
    caught_by=("seed.config_batch_size",),
    source="seed.md, Issue #5",
)
def batch_size_large(build: Build) -> Build:
    """The batch is four times as large."""
    return with_settings(build, agent__batch_size=4 * build.config.agent.batch_size)
