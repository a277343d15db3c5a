"""The critics end in tanh, like the actor that they were copied from."""

from torch import nn

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3
from rca.td3.networks import TwinCritic


def alter(agent: TD3) -> None:
    for critic in (agent.critic, agent.targets["critic"]):
        assert isinstance(critic, TwinCritic)
        critic.first.append(nn.Tanh())
        critic.second.append(nn.Tanh())


@fault(
    "critic_output_bounded",
    causes=("loss_wrong", "network_altered"),
    caught_by=("wiring.squared_error",),
    source="a classic of home-made DDPG code: an activation after the critic's last layer",
    blind=1,
)
def critic_output_bounded(build: Build) -> Build:
    """The critics end in tanh and cannot say a value beyond 1."""
    return with_altered_agent(build, alter)
