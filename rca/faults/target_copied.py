"""The targets are copied whole at every policy update."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "target_copied",
    causes=(
        "target_wrong",
        "critic_diverged",
    ),
    caught_by=("wiring.targets",),
    source="muPRL: tau",
)
def target_copied(build: Build) -> Build:
    """The targets are copied whole at every policy update."""
    return with_settings(build, agent__tau=1.0, agent__encoder_tau=1.0)
