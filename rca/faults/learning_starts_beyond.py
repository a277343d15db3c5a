"""Learning starts after the end of the run."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "learning_starts_beyond",
    causes=("learner_never_started",),
    caught_by=("updates.executed",),
    source="defect D12",
)
def learning_starts_beyond(build: Build) -> Build:
    """Learning starts after the end of the run."""
    return with_settings(build, agent__learning_starts=build.config.budget.steps)
