"""The actor's loss asks the target critic instead of the one that is trained."""

import torch
from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.events import ActorGrads, Emit
from rca.td3.networks import TwinCritic


class Behind(TD3):
    """Climbs values that are hundreds of updates old, on features of the same age."""

    def _update_actor(
        self, image: Tensor, vector: Tensor, features: Tensor, emit: Emit, step: int
    ) -> Tensor:
        critic = self.targets["critic"]
        assert isinstance(critic, TwinCritic)
        with torch.no_grad():
            slow = self.targets["critic_encoder"](image)
        is_detached = self.config.encoder_sharing == "detached"
        seen = self._critics_features(image, features) if is_detached else self.actor_encoder(image)
        loss = -critic.q1(slow, vector, self.actor(seen, vector)).mean()
        self.actor_optimizer.zero_grad()
        trained = [w for group in self.actor_optimizer.param_groups for w in group["params"]]
        torch.autograd.backward(loss, inputs=trained)
        self.actor_updates += 1
        emit(ActorGrads(step, self.critic_updates, self))
        self._clip_gradients(self.actor_optimizer)
        self.actor_optimizer.step()
        return loss.detach()


@fault(
    "actor_climbs_target",
    causes=("policy_loss_wrong",),
    source="a slip of home-made TD3 code: critic_target.Q1 in the actor's loss",
    caught_by=("wiring.recomputed",),
    blind=4,
)
def actor_climbs_target(build: Build) -> Build:
    """The actor climbs the slow target critic, which is still much as it was drawn."""
    return with_agent(build, Behind)
