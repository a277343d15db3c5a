"""TD3 written once more, to hold the trainer to: functions and dictionaries, no modules.

Nothing here is imported from the agent or its networks: Adam, Polyak averaging, the layers and the
losses are written out, so that the same mistake would have to be made twice.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from rca.config import AgentConfig
from rca.td3.replay import Batch

Weights = dict[str, Tensor]
"""By name, such as `actor.layers.0.weight`; of targets, after `target.`."""
Moments = dict[tuple[str, str], tuple[Tensor | float, Tensor | float]]
"""Adam's first and second moments by the module's setting and the weight's name."""
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "elu": functional.elu,
    "tanh": torch.tanh,
}


class Plain:
    """Takes over an agent's weights and its smoothing noise, and updates as its config says.

    Attributes:
        w: Weights; changed by the updates.
        moments: Adam's, empty before the first step.
        grads: Of the last loss, before clipping, by the weight's name.
    """

    def __init__(self, weights: Mapping[str, Tensor], noise: Tensor, config: AgentConfig) -> None:
        """Of weights that an agent has under two names it keeps one.

        Args:
            weights: See Weights.
            noise: State of the generator of the smoothing noise.
            config: The agent's.
        """
        aliases = [] if config.encoder_sharing == "separate" else ["actor_", "target.actor_"]
        aliases += [] if config.encoder_targets else ["target.actor_", "target.critic_"]
        names = tuple(f"{alias}encoder." for alias in aliases)
        self.w: Weights = {name: w for name, w in weights.items() if not name.startswith(names)}
        self.c = config
        self.moments: Moments = {}
        self.grads: Weights = {}
        self.noise = torch.Generator()
        self.noise.set_state(noise)

    def update(self, batch: Batch, count: int) -> None:
        """Does update number `count`, from 1: the critics', and the delayed one."""
        image, next_image = self.pixels(batch)
        target = self.target(batch, next_image)
        features = self.critic_step(batch, image, target, count)
        if count % self.c.policy_delay:
            return
        if count > self.c.critic_warmup:
            skipped = self.c.critic_warmup // self.c.policy_delay
            self.actor_step(batch, image, features, count // self.c.policy_delay - skipped)
        self.follow()

    def pixels(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Returns the pictures of a batch and of its successors in [0, 1], augmented."""
        both = (batch.obs.image, batch.next_obs.image)
        image, following = (self.shifted(one.to(torch.get_default_dtype()) / 255) for one in both)
        return image, following

    def shifted(self, image: Tensor) -> Tensor:
        """Returns each picture cut out of itself with its edges repeated (Yarats et al. 2021)."""
        p, (height, width) = self.c.random_shift, image.shape[2:]
        if not p:
            return image
        down, right = torch.randint(-p, p + 1, (2, len(image), 1), generator=self.noise)[..., 0] + p
        wide = functional.pad(image, (p, p, p, p), mode="replicate")
        cut = zip(wide, down.tolist(), right.tolist(), strict=True)
        return torch.stack([one[:, y : y + height, x : x + width] for one, y, x in cut])

    def target(self, batch: Batch, image: Tensor) -> Tensor:
        """Returns what both critics are to say of a batch, [batch].

        Args:
            batch: Learned from.
            image: Its successors' pixels.
        """
        c, vector = self.c, batch.next_obs.vector
        noise = torch.randn(batch.action.shape, generator=self.noise) * c.target_noise
        noise = noise.clamp(-c.target_noise_clip, c.target_noise_clip)
        action = self.policy(self.encode("actor", image, "target."), vector, "target.")
        action = (action + noise).clamp(-1, 1)
        q1, q2 = self.values(self.encode("critic", image, "target."), vector, action, "target.")
        q = torch.minimum(q1, q2)
        return (batch.reward + c.discount**batch.steps * (1 - batch.terminated) * q).detach()

    def critic_step(self, batch: Batch, image: Tensor, target: Tensor, count: int) -> Tensor:
        """Steps both critics and their encoder towards the target; returns its features."""
        self.require_grad()
        features = self.encode("critic", image)
        q1, q2 = self.values(features, batch.obs.vector, batch.action)
        loss = ((q1 - target) ** 2).mean() + ((q2 - target) ** 2).mean()
        self.adam(loss, {"critic": "critic", "critic_encoder": self.encoder("critic")}, count)
        return features.detach()

    def actor_step(self, batch: Batch, image: Tensor, features: Tensor, count: int) -> None:
        """Steps the actor up Q1.

        Args:
            batch: Learned from.
            image: Its pixels.
            features: The critics' from before their step, for `reuse_features`.
            count: Actor updates so far, this one included.
        """
        self.require_grad()
        vector = batch.obs.vector
        features = features if self.c.reuse_features else self.encode("critic", image).detach()
        is_detached = self.c.encoder_sharing == "detached"
        own = features if is_detached else self.encode("actor", image)
        loss = -self.values(features, vector, self.policy(own, vector))[0].mean()
        parts = {"actor": "actor", "actor_encoder": self.encoder("actor")}
        if is_detached:
            del parts["actor_encoder"]
        self.adam(loss, parts, count)

    def follow(self) -> None:
        """Moves the targets."""
        c = self.c
        for name in [n for n in self.w if n.startswith("target.")]:
            tau = (c.encoder_tau or c.tau) if "encoder" in name else c.tau
            online = self.w[name.removeprefix("target.")]
            self.w[name] = ((1 - tau) * self.w[name] + tau * online).detach()

    def encoder(self, who: str) -> str:
        """Returns the name of the encoder in front of "actor" or "critic"."""
        return f"{who if self.c.encoder_sharing == 'separate' else 'critic'}_encoder"

    def encode(self, who: str, image: Tensor, slow: str = "") -> Tensor:
        """Returns features, [batch, features]; slow: "target." for the target's."""
        name = f"{slow if self.c.encoder_targets else ''}{self.encoder(who)}.layers"
        h = image
        for layer, stride in ((0, 4), (2, 2), (4, 1)):
            w, b = self.w[f"{name}.{layer}.weight"], self.w[f"{name}.{layer}.bias"]
            h = self.activation(functional.conv2d(h, w, b, stride))
        h = self.linear(f"{name}.7", h.flatten(1))
        if not self.c.layer_norm:
            return self.activation(h)
        h = (h - h.mean(1, keepdim=True)) / (h.var(1, correction=0, keepdim=True) + 1e-5).sqrt()
        return torch.tanh(h * self.w[f"{name}.8.weight"] + self.w[f"{name}.8.bias"])

    def activation(self, h: Tensor) -> Tensor:
        """Returns what passes a hidden layer."""
        return ACTIVATIONS[self.c.activation](h)

    def linear(self, name: str, h: Tensor) -> Tensor:
        """Returns the outputs of a linear layer."""
        return h @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]

    def mlp(self, name: str, *inputs: Tensor) -> Tensor:
        """Returns the outputs of an MLP of three layers."""
        h = torch.cat(inputs, 1)
        for layer in (0, 2):
            h = self.activation(self.linear(f"{name}.{layer}", h))
        return self.linear(f"{name}.4", h)

    def policy(self, features: Tensor, vector: Tensor, slow: str = "") -> Tensor:
        """Returns actions, [batch, action]."""
        return torch.tanh(self.mlp(f"{slow}actor.layers", features, vector))

    def values(
        self, features: Tensor, vector: Tensor, action: Tensor, slow: str = ""
    ) -> tuple[Tensor, Tensor]:
        """Returns both critics' values, [batch] each."""
        names = (f"{slow}critic.{k}" for k in ("first", "second"))
        one, two = (self.mlp(name, features, vector, action)[:, 0] for name in names)
        return one, two

    def adam(self, loss: Tensor, parts: Mapping[str, str], count: int) -> None:
        """Steps down a loss; parts: the modules it trains by the names that settings give them."""
        for setting, module in parts.items():
            names = [name for name in self.w if name.startswith(f"{module}.")]
            grads = torch.autograd.grad(loss, [self.w[name] for name in names], retain_graph=True)
            self.grads |= dict(zip(names, grads, strict=True))
            norm = torch.cat([grad.flatten() for grad in grads]).norm()
            limit = getattr(self.c, f"{setting}_clip")
            share = 1.0 if limit is None else min(1.0, float(limit / (norm + 1e-6)))  # as torch
            rate = getattr(self.c, f"{setting}_lr")
            for name, grad in zip(names, grads, strict=True):
                self.step(setting, name, grad * share, rate, count)

    def step(self, setting: str, name: str, grad: Tensor, rate: float, count: int) -> None:
        """Does one step of Adam (Kingma and Ba 2015, algorithm 1)."""
        m, v = self.moments.get((setting, name), (0.0, 0.0))
        m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
        self.moments[setting, name] = m, v
        m_hat, v_hat = m / (1 - 0.9**count), v / (1 - 0.999**count)
        self.w[name] = (self.w[name] - rate * m_hat / (v_hat.sqrt() + 1e-8)).detach()

    def require_grad(self) -> None:
        """Makes leaves of all weights."""
        self.w = {k: v.detach().requires_grad_(True) for k, v in self.w.items()}
