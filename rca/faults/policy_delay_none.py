"""The actor is updated as often as the critics."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "policy_delay_none",
    causes=("update_ratio_wrong",),
    caught_by=("updates.policy_delay",),
    source="TD3 paper, section 5.2",
)
def policy_delay_none(build: Build) -> Build:
    """The actor is updated as often as the critics."""
    return with_settings(build, agent__policy_delay=1)
