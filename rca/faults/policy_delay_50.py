"""The actor is updated once per 50 critic updates."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "policy_delay_50",
    causes=("update_ratio_wrong",),
    caught_by=("updates.policy_delay",),
    source="TD3 paper, section 5.2; muPRL",
)
def policy_delay_50(build: Build) -> Build:
    """The actor is updated once per 50 critic updates."""
    return with_settings(build, agent__policy_delay=50)
