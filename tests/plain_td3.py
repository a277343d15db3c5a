"""TD3 written once more, for comparison: functions and dictionaries, Adam by hand, no modules."""

import torch
from torch.nn import functional


class Plain:
    """Takes over an agent's weights and its smoothing noise, and updates as its config says."""

    def __init__(self, weights, noise, config):
        """Of weights that an agent has under two names it keeps one.

        Args:
            weights: By name, such as `actor.layers.0.weight`; of targets, after `target.`.
            noise: State of the generator of the smoothing noise.
            config: AgentConfig.
        """
        aliases = [] if config.encoder_sharing == "separate" else ["actor_", "target.actor_"]
        aliases += [] if config.encoder_targets else ["target.actor_", "target.critic_"]
        names = tuple(f"{alias}encoder." for alias in aliases)
        self.w = {name: w for name, w in weights.items() if not name.startswith(names)}
        self.c = config
        self.moments = {}
        self.noise = torch.Generator()
        self.noise.set_state(noise)

    def encoder(self, who):
        return f"{who if self.c.encoder_sharing == 'separate' else 'critic'}_encoder"

    def encode(self, who, image, slow=""):
        name = f"{slow if self.c.encoder_targets else ''}{self.encoder(who)}.layers"
        h = image.to(torch.get_default_dtype()) / 255
        for layer, stride in ((0, 4), (2, 2), (4, 1)):
            w, b = self.w[f"{name}.{layer}.weight"], self.w[f"{name}.{layer}.bias"]
            h = functional.relu(functional.conv2d(h, w, b, stride))
        h = self.linear(f"{name}.7", h.flatten(1))
        if not self.c.layer_norm:
            return functional.relu(h)
        h = (h - h.mean(1, keepdim=True)) / (h.var(1, correction=0, keepdim=True) + 1e-5).sqrt()
        return torch.tanh(h * self.w[f"{name}.8.weight"] + self.w[f"{name}.8.bias"])

    def linear(self, name, h):
        return h @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]

    def mlp(self, name, *inputs):
        h = torch.cat(inputs, 1)
        for layer in (0, 2):
            h = functional.relu(self.linear(f"{name}.{layer}", h))
        return self.linear(f"{name}.4", h)

    def policy(self, features, vector, slow=""):
        return torch.tanh(self.mlp(f"{slow}actor.layers", features, vector))

    def values(self, features, vector, action, slow=""):
        names = (f"{slow}critic.{k}" for k in ("first", "second"))
        return [self.mlp(name, features, vector, action)[:, 0] for name in names]

    def adam(self, loss, parts, count):
        """Steps down a loss; parts: the modules it trains by the names that settings give them."""
        for setting, module in parts.items():
            names = [name for name in self.w if name.startswith(f"{module}.")]
            grads = torch.autograd.grad(loss, [self.w[name] for name in names], retain_graph=True)
            norm = torch.cat([grad.flatten() for grad in grads]).norm()
            limit = getattr(self.c, f"{setting}_clip")
            share = 1.0 if limit is None else min(1.0, limit / (norm + 1e-6))  # as torch has it
            rate = getattr(self.c, f"{setting}_lr")
            for name, grad in zip(names, grads, strict=True):
                self.step(setting, name, grad * share, rate, count)

    def step(self, setting, name, grad, rate, count):
        m, v = self.moments.get((setting, name), (0.0, 0.0))
        m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
        self.moments[setting, name] = m, v
        m_hat, v_hat = m / (1 - 0.9**count), v / (1 - 0.999**count)
        self.w[name] = (self.w[name] - rate * m_hat / (v_hat.sqrt() + 1e-8)).detach()

    def require_grad(self):
        self.w = {k: v.detach().requires_grad_(True) for k, v in self.w.items()}

    def target(self, batch):
        c, (image, vector) = self.c, batch.next_obs
        noise = torch.randn(batch.action.shape, generator=self.noise) * c.target_noise
        noise = noise.clamp(-c.target_noise_clip, c.target_noise_clip)
        action = self.policy(self.encode("actor", image, "target."), vector, "target.")
        action = (action + noise).clamp(-1, 1)
        q1, q2 = self.values(self.encode("critic", image, "target."), vector, action, "target.")
        q = torch.minimum(q1, q2)
        return (batch.reward + c.discount**batch.steps * (1 - batch.terminated) * q).detach()

    def update(self, batch, count):
        c, (image, vector) = self.c, batch.obs
        target = self.target(batch)
        self.require_grad()
        features = self.encode("critic", image)
        q1, q2 = self.values(features, vector, batch.action)
        loss = ((q1 - target) ** 2).mean() + ((q2 - target) ** 2).mean()
        self.adam(loss, {"critic": "critic", "critic_encoder": self.encoder("critic")}, count)
        if count % c.policy_delay:
            return
        self.require_grad()
        features = (features if c.reuse_features else self.encode("critic", image)).detach()
        is_detached = c.encoder_sharing == "detached"
        own = features if is_detached else self.encode("actor", image)
        loss = -self.values(features, vector, self.policy(own, vector))[0].mean()
        parts = {"actor": "actor", "actor_encoder": self.encoder("actor")}
        if is_detached:
            del parts["actor_encoder"]
        self.adam(loss, parts, count // c.policy_delay)
        for name in [n for n in self.w if n.startswith("target.")]:
            tau = (c.encoder_tau or c.tau) if "encoder" in name else c.tau
            online = self.w[name.removeprefix("target.")]
            self.w[name] = ((1 - tau) * self.w[name] + tau * online).detach()
