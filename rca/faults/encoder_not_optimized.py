"""The critic's encoder is in no optimizer."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent, without_group
from rca.td3.agent import TD3


def alter(agent: TD3) -> None:
    without_group(agent.critic_optimizer, "critic_encoder")


@fault(
    "encoder_not_optimized",
    causes=("encoder_frozen",),
    caught_by=("encoder.drift",),
    source="defect D02, one half of it",
)
def encoder_not_optimized(build: Build) -> Build:
    """The critic's encoder is in no optimizer."""
    return with_altered_agent(build, alter)
