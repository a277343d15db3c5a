"""Progress is worth far more than failure costs."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "progress_outweighs",
    causes=("progress_outweighs_penalties",),
    caught_by=("reward.promises",),
    source="defect D11",
)
def progress_outweighs(build: Build) -> Build:
    """Progress is worth far more than failure costs."""
    return with_settings(build, env__reward__progress=5.0, env__reward__off_road=0.1)
