"""The method that the actor's loss calls feeds the first critic in another order."""

import torch
from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3
from rca.td3.networks import TwinCritic


class TwoOrders(TwinCritic):
    """Learns on features, vector, action and is asked with features, action, vector."""

    def q1(self, features: Tensor, vector: Tensor, action: Tensor) -> Tensor:
        value: Tensor = self.first(torch.cat([features, action, vector], dim=1))
        return value.squeeze(1)


def alter(agent: TD3) -> None:
    for critic in (agent.critic, agent.targets["critic"]):
        critic.__class__ = TwoOrders


@fault(
    "q1_in_other_order",
    causes=("actor_critic_feature_mixup", "policy_loss_wrong"),
    source="a slip of TD3 code: Q1() concatenates for itself, beside forward()",
    caught_by=("wiring.recomputed",),
    blind=3,
)
def q1_in_other_order(build: Build) -> Build:
    """The actor's loss asks Q1 with action and vector in each other's places."""
    return with_altered_agent(build, alter)
