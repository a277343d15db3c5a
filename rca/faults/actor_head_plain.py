"""The actor ends in its last linear layer; only the environment's clip bounds its actions."""

from torch import nn

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3
from rca.td3.networks import Actor


def alter(agent: TD3) -> None:
    for actor in (agent.actor, agent.targets["actor"]):
        assert isinstance(actor, Actor)
        actor.layers[-1] = nn.Identity()


@fault(
    "actor_head_plain",
    causes=("network_altered", "policy_loss_wrong", "actor_saturated"),
    source="a classic of home-made DDPG code: the actor is the critic's MLP without a squashing",
    caught_by=("wiring.recomputed",),
    blind=2,
)
def actor_head_plain(build: Build) -> Build:
    """The actor has no tanh and climbs Q at actions that cannot be executed."""
    return with_altered_agent(build, alter)
