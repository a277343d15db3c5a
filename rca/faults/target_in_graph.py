"""The critics' target is their own next value, and the gradient runs through it too."""

import torch
from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.replay import Batch

IN_GRAPH = "in_graph"
"""Attribute of a target under which the loss finds it undetached."""


class Residual(TD3):
    """Lowers the error from both sides: values are also drawn towards those before them."""

    def _target_value(self, batch: Batch) -> Tensor:
        vector = batch.next_obs.vector
        with torch.no_grad():
            image = self._pixels(batch.next_obs.image)
            policy = self.targets["actor"](self.targets["actor_encoder"](image), vector)
            action = self._smoothed(policy)
        with torch.enable_grad():
            q1, q2 = self.critic(self.critic_encoder(image), vector, action)
            discount = self.config.discount**batch.steps
            goes_on = 1.0 - batch.terminated
            target = batch.reward + discount * goes_on * self._clipped_double(q1, q2)
        result = target.detach()
        setattr(result, IN_GRAPH, target)
        return result

    def _critic_loss(self, q1: Tensor, q2: Tensor, target: Tensor) -> Tensor:
        return super()._critic_loss(q1, q2, vars(target).pop(IN_GRAPH, target))


@fault(
    "target_in_graph",
    causes=("loss_wrong", "target_value_wrong", "target_wrong"),
    source="a classic of home-made DDPG code: critic(next_state) without no_grad() or detach()",
    caught_by=("wiring.recomputed", "wiring.squared_error"),
    blind=4,
)
def target_in_graph(build: Build) -> Build:
    """The target comes from the online critics without being detached (a residual gradient)."""
    return with_agent(build, Residual)
