"""TD3 (Fujimoto, van Hoof, Meger 2018) on images, encoders in front of actor and critic."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from rca.config import AgentConfig
from rca.td3.augment import randomly_shifted
from rca.td3.events import ActorGrads, CriticGrads, Emit, Updated
from rca.td3.networks import (
    ACTOR_GAIN,
    Actor,
    Encoder,
    Shapes,
    TwinCritic,
    orthogonal,
    scaled,
)
from rca.td3.replay import Batch, Obs

MODULES = ("actor_encoder", "actor", "critic_encoder", "critic")
"""Names of the trained modules, as attributes of TD3 and as the first part of signal names."""


class TD3:
    """The agent: networks, their targets, their optimizers and one update.

    Attributes:
        config: Its settings.
        shapes: Sizes of observations and actions.
        actor_encoder: Trained by the actor's loss; the critics' one if encoders are shared.
        actor: The policy's MLP.
        critic_encoder: Trained by the critics' loss.
        critic: Both critics' MLPs.
        targets: Slow copies by module name; an encoder without a target is the online one.
        critic_updates: Critic updates so far.
        actor_updates: Actor updates so far.
        device: Where the networks are.
    """

    def __init__(
        self,
        config: AgentConfig,
        shapes: Shapes,
        *,
        init: torch.Generator,
        smoothing: torch.Generator,
    ) -> None:
        """Draws the weights.

        Args:
            config: Its settings.
            shapes: Sizes of observations and actions.
            init: Source of the initial weights.
            smoothing: Source of the target policy's smoothing noise.
        """
        self.config = config
        self.shapes = shapes
        self.smoothing = smoothing
        self.critic_encoder = Encoder(shapes.image, config)
        self.critic = TwinCritic(shapes, config)
        self.actor = Actor(shapes, config)
        is_separate = config.encoder_sharing == "separate"
        self.actor_encoder = Encoder(shapes.image, config) if is_separate else self.critic_encoder
        orthogonal(self.critic_encoder, init, None)
        orthogonal(self.critic, init, 1.0)
        orthogonal(self.actor, init, ACTOR_GAIN)
        if is_separate:
            orthogonal(self.actor_encoder, init, None)
        self.targets = self._copies()
        # A detached encoder is the critics' alone; a shared one is stepped by both optimizers.
        is_detached = config.encoder_sharing == "detached"
        self.actor_optimizer = self._adam("actor", *(() if is_detached else ("actor_encoder",)))
        self.critic_optimizer = self._adam("critic", "critic_encoder")
        self.critic_updates = 0
        self.actor_updates = 0
        self.device = torch.device("cpu")

    def to(self, device: torch.device) -> None:
        """Moves the networks; random numbers are drawn on the CPU wherever they are."""
        self.device = device
        for network in (*self.modules().values(), *self.targets.values()):
            network.to(device)

    def modules(self) -> dict[str, nn.Module]:
        """Returns the trained modules by name."""
        return {name: getattr(self, name) for name in MODULES}

    def act(self, obs: Obs, noise: float, rng: np.random.Generator) -> NDArray[np.float32]:
        """Returns the policy's action plus Gaussian noise, clipped to [-1, 1].

        Args:
            obs: One observation.
            noise: Standard deviation; 0 for the policy itself.
            rng: Source of the noise; not drawn from if that is 0.
        """
        with torch.no_grad():
            features = self.actor_encoder(self._alone(obs["image"]))
            action = self.actor(features, self._alone(obs["vector"]))[0].cpu().numpy()
        if noise > 0:
            action = action + rng.normal(0.0, noise, size=action.shape)
        clipped: NDArray[np.float32] = np.clip(action, -1.0, 1.0).astype(np.float32)
        return clipped

    @torch.no_grad()
    def value(self, obs: Obs, action: NDArray[np.float32]) -> float:
        """Returns Q1 of one observation and action."""
        features = self.critic_encoder(self._alone(obs["image"]))
        return float(self.critic.q1(features, self._alone(obs["vector"]), self._alone(action)))

    def _alone(self, part: NDArray[Any]) -> Tensor:
        """Returns an array as a batch of one, where the networks are."""
        return torch.from_numpy(part[None]).to(self.device)

    def update(self, batch: Batch, emit: Emit, step: int) -> None:
        """Does one critic update and, at every `policy_delay`-th, one actor update.

        Args:
            batch: What to learn from.
            emit: Told CriticGrads, ActorGrads and Updated.
            step: Environment steps so far, for the events.
        """
        self.critic_updates += 1
        update = self.critic_updates
        batch = batch.to(self.device)
        image, vector = self._pixels(batch.obs.image), batch.obs.vector

        # Both critics move towards the same target.
        target = self._target_value(batch)
        features = self.critic_encoder(image)
        q1, q2 = self.critic(features, vector, batch.action)
        critic_loss = self._critic_loss(q1, q2, target)
        self.critic_optimizer.zero_grad()
        torch.autograd.backward(critic_loss)
        emit(CriticGrads(step, update, self, batch))
        self._clip_gradients(self.critic_optimizer)
        self.critic_optimizer.step()

        # Delayed policy updates: actor and targets move less often than the critics.
        actor_loss = None
        if update % self.config.policy_delay == 0:
            if update > self.config.critic_warmup:
                actor_loss = self._update_actor(image, vector, features, emit, step)
            self._update_targets()

        emit(
            Updated(
                step,
                update,
                self,
                batch,
                q1.detach(),
                q2.detach(),
                target,
                critic_loss.detach(),
                actor_loss,
            )
        )

    def _critic_loss(self, q1: Tensor, q2: Tensor, target: Tensor) -> Tensor:
        """Returns the sum of both critics' mean squared errors."""
        return functional.mse_loss(q1, target) + functional.mse_loss(q2, target)

    @torch.no_grad()
    def _target_value(self, batch: Batch) -> Tensor:
        """Returns what the critics should say of the batch, [batch]."""
        config, next_vector = self.config, batch.next_obs.vector
        next_image = self._pixels(batch.next_obs.image)
        actor_encoder, critic_encoder = (self.targets[f"{k}_encoder"] for k in ("actor", "critic"))

        features = actor_encoder(next_image)
        action = self._smoothed(self.targets["actor"](features, next_vector))

        if critic_encoder is not actor_encoder:
            features = critic_encoder(next_image)
        q1, q2 = self.targets["critic"](features, next_vector, action)
        next_value = self._clipped_double(q1, q2)

        # Only a terminal state has no future; a time-out has one.
        discount = config.discount**batch.steps
        return batch.reward + discount * (1.0 - batch.terminated) * next_value

    def _smoothed(self, action: Tensor) -> Tensor:
        """Returns the target actor's action with clipped noise (target policy smoothing)."""
        config = self.config
        noise = torch.randn(action.shape, generator=self.smoothing) * config.target_noise
        noise = noise.clamp(-config.target_noise_clip, config.target_noise_clip).to(action.device)
        return (action + noise).clamp(-1.0, 1.0)

    def _clipped_double(self, q1: Tensor, q2: Tensor) -> Tensor:
        """Returns the smaller of the two target critics' values (clipped double Q-learning)."""
        return torch.minimum(q1, q2)

    def _update_actor(
        self, image: Tensor, vector: Tensor, features: Tensor, emit: Emit, step: int
    ) -> Tensor:
        """Climbs Q1 and returns the actor's loss."""
        features = self._critics_features(image, features)
        is_detached = self.config.encoder_sharing == "detached"
        action = self.actor(features if is_detached else self.actor_encoder(image), vector)
        loss = -self.critic.q1(features, vector, action).mean()
        self.actor_optimizer.zero_grad()
        # `inputs` keeps the gradient out of the critic's weights.
        trained = [w for group in self.actor_optimizer.param_groups for w in group["params"]]
        torch.autograd.backward(loss, inputs=trained)
        self.actor_updates += 1
        emit(ActorGrads(step, self.critic_updates, self))
        self._clip_gradients(self.actor_optimizer)
        self.actor_optimizer.step()
        return loss.detach()

    @torch.no_grad()
    def _critics_features(self, image: Tensor, features: Tensor) -> Tensor:
        """Returns what Q1 was trained on; constant, so that only the action's gradient is left.

        Args:
            image: Of the batch.
            features: The critic encoder's, from one Adam step ago.
        """
        if self.config.reuse_features:
            return features.detach()
        result: Tensor = self.critic_encoder(image)
        return result

    @torch.no_grad()
    def _update_targets(self) -> None:
        """Moves each target by its tau towards its module (Polyak averaging)."""
        modules, tau = self.modules(), self.config.tau
        encoder_tau = self.config.encoder_tau or tau
        distinct = {id(target): (name, target) for name, target in self.targets.items()}
        for name, target in distinct.values():
            if target is not modules[name]:
                share = encoder_tau if name.endswith("encoder") else tau
                slow: list[Tensor] = list(target.parameters())
                torch._foreach_lerp_(slow, list(modules[name].parameters()), share)

    def _pixels(self, image: Tensor) -> Tensor:
        """Returns augmented pixels as the encoders want them."""
        return scaled(randomly_shifted(image, self.config.random_shift, self.smoothing))

    def _clip_gradients(self, optimizer: torch.optim.Optimizer) -> None:
        """Shortens each module's gradient to its own largest norm, if it has one."""
        for group in optimizer.param_groups:
            limit = getattr(self.config, f"{group['name']}_clip")
            if limit is not None:
                nn.utils.clip_grad_norm_(group["params"], limit)

    def _copies(self) -> dict[str, nn.Module]:
        """Returns the targets; modules that are one object have one target."""
        modules = self.modules()
        targets = copy.deepcopy(modules)
        for target in targets.values():
            target.requires_grad_(False)
        if not self.config.encoder_targets:
            encoders = ("actor_encoder", "critic_encoder")
            targets.update({name: modules[name] for name in encoders})
        return targets

    def _adam(self, *names: str) -> torch.optim.Adam:
        groups = [
            {
                "params": list(getattr(self, name).parameters()),
                "lr": getattr(self.config, f"{name}_lr"),
                "name": name,
            }
            for name in names
        ]
        return torch.optim.Adam(groups, fused=True)

    def state_dict(self) -> dict[str, Any]:
        """Returns everything that the next update depends on."""
        return {
            "modules": {name: module.state_dict() for name, module in self.modules().items()},
            "targets": {name: module.state_dict() for name, module in self.targets.items()},
            "actor_optimizer": self.actor_optimizer.state_dict(),
            "critic_optimizer": self.critic_optimizer.state_dict(),
            "critic_updates": self.critic_updates,
            "actor_updates": self.actor_updates,
            "smoothing": self.smoothing.get_state(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state_dict` of an agent with the same config and shapes returned."""
        state = copy.deepcopy(state)  # optimizers keep the very tensors that they are given
        for name in MODULES:
            getattr(self, name).load_state_dict(state["modules"][name])
            self.targets[name].load_state_dict(state["targets"][name])
        self.actor_optimizer.load_state_dict(state["actor_optimizer"])
        self.critic_optimizer.load_state_dict(state["critic_optimizer"])
        self.critic_updates = state["critic_updates"]
        self.actor_updates = state["actor_updates"]
        self.smoothing.set_state(state["smoothing"])
