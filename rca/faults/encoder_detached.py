"""The critic's loss does not reach its encoder."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3


def alter(agent: TD3) -> None:
    agent.critic_encoder.register_forward_hook(lambda module, given, features: features.detach())


@fault(
    "encoder_detached",
    causes=("encoder_frozen",),
    caught_by=("encoder.drift", "wiring.gradients"),
    source="signals.md, coverage",
)
def encoder_detached(build: Build) -> Build:
    """The critic's loss does not reach its encoder."""
    return with_altered_agent(build, alter)
