"""The networks use tanh throughout."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "activation_changed",
    causes=("network_poor",),
    caught_by=("config.activation",),
    source="RLMutation: changed activation",
)
def activation_changed(build: Build) -> Build:
    """The networks use tanh throughout."""
    return with_settings(build, agent__activation="tanh")
