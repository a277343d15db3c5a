"""The actor's loss has a penalty on the square of its actions, made for rewards of another size.

One unit of it outweighs what a little more throttle is worth here: the policy is drawn to the
action 0, a coasting car with straight wheels, whatever the critics say.
"""

import torch
from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.events import ActorGrads, Emit

WEIGHT = 1.0
"""`action_l2` of Baselines' HER, where every step costs 1."""


class Penalised(TD3):
    """Climbs Q1 less the mean square of its actions."""

    def _update_actor(
        self, image: Tensor, vector: Tensor, features: Tensor, emit: Emit, step: int
    ) -> Tensor:
        features = self._critics_features(image, features)
        is_detached = self.config.encoder_sharing == "detached"
        action = self.actor(features if is_detached else self.actor_encoder(image), vector)
        loss: Tensor = (
            WEIGHT * action.square().mean() - self.critic.q1(features, vector, action).mean()
        )
        self.actor_optimizer.zero_grad()
        trained = [w for group in self.actor_optimizer.param_groups for w in group["params"]]
        torch.autograd.backward(loss, inputs=trained)
        self.actor_updates += 1
        emit(ActorGrads(step, self.critic_updates, self))
        self._clip_gradients(self.actor_optimizer)
        self.actor_optimizer.step()
        return loss.detach()


@fault(
    "actions_penalised",
    causes=("policy_loss_wrong",),
    source="OpenAI Baselines, HER's ddpg.py: pi_loss += action_l2 * mean(square(pi))",
    caught_by=("wiring.recomputed",),
    blind=6,
)
def actions_penalised(build: Build) -> Build:
    """The actor's loss also wants small actions, and wants them more than value."""
    return with_agent(build, Penalised)
