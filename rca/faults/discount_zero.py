"""The future is worth nothing."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "discount_zero",
    causes=("discount_wrong",),
    caught_by=("wiring.discount",),
    source="RLMutation: no discount; muPRL: gamma",
)
def discount_zero(build: Build) -> Build:
    """The future is worth nothing."""
    return with_settings(build, agent__discount=0.0)
