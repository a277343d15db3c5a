"""The target actor is asked for the state of a transition where its next state is due.

The target critics then value the next state with an action that is meant for the state before it,
as many steps old as returns are summed over.
"""

import torch
from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.replay import Batch


class ActsBefore(TD3):
    """Takes `state` for `next_state` in one of two places."""

    @torch.no_grad()
    def _target_value(self, batch: Batch) -> Tensor:
        before, after, targets = batch.obs, batch.next_obs, self.targets
        features = targets["actor_encoder"](self._pixels(before.image))
        action = self._smoothed(targets["actor"](features, before.vector))
        features = targets["critic_encoder"](self._pixels(after.image))
        next_value = self._clipped_double(*targets["critic"](features, after.vector, action))
        discount = self.config.discount**batch.steps
        return batch.reward + discount * (1.0 - batch.terminated) * next_value


@fault(
    "target_action_of_state",
    causes=("target_value_wrong",),
    source="a slip of home-made DDPG code: next_action = actor_target(state)",
    blind=7,
)
def target_action_of_state(build: Build) -> Build:
    """The target's next action is the target actor's answer to the state, not to the next one."""
    return with_agent(build, ActsBefore)
