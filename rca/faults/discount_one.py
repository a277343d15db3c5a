"""The future is worth as much as the present."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "discount_one",
    causes=(
        "discount_wrong",
        "critic_diverged",
    ),
    caught_by=("wiring.discount",),
    source="muPRL: gamma",
)
def discount_one(build: Build) -> Build:
    """The future is worth as much as the present."""
    return with_settings(build, agent__discount=1.0)
