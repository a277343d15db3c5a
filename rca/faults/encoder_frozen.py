"""The encoders are run without gradients and left out of the optimizers."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent, without_group
from rca.td3.agent import TD3


def alter(agent: TD3) -> None:
    for name in ("actor_encoder", "critic_encoder"):
        getattr(agent, name).requires_grad_(False)
    without_group(agent.actor_optimizer, "actor_encoder")
    without_group(agent.critic_optimizer, "critic_encoder")


@fault(
    "encoder_frozen", causes=("encoder_frozen",), caught_by=("encoder.drift",), source="defect D02"
)
def encoder_frozen(build: Build) -> Build:
    """The encoders are run without gradients and left out of the optimizers."""
    return with_altered_agent(build, alter)
