# mypy: disable-error-code="no-untyped-call,misc,name-defined,operator,union-attr"
# ruff: noqa: N812
"""Sound trainers that do something otherwise than TD3's paper, each in one way.

All are CleanRL's TD3 on two numbers, but those of pictures at the end.
"""

import copy

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import rca
from tests.foreign_trainers import (
    ACTIONS,
    FEATURES,
    GAMMA,
    TAU,
    CleanRL,
    Numbers,
    OneEncoder,
    TiedSac,
    polyak,
)

BATCH = 32
NOISE, CLIP, EXPLORATION = 0.2, 0.5, 0.1


class Sound(CleanRL):
    """The common way; a `fault` breaks it."""

    scale, summed, prefilled, warm_up = 1.0, 1, 0, 250
    """Largest action, steps in a sum of rewards, steps before the recorder, random steps."""
    declared: dict[str, float] = {}  # noqa: RUF012

    def build(self):
        super().build()
        for actor in (self.actor, self.target_actor):
            actor.action_scale.fill_(self.scale)

    def paid(self, reward):
        """Returns what the environment pays, which the recorder is told."""
        return reward

    def stored(self, reward):
        """Returns what is kept of it."""
        return reward

    def kept(self, action):
        """Returns what is stored of an action."""
        return action

    def weights(self, rows):
        return torch.ones(rows)

    def smooth(self, action):
        return (torch.randn_like(action) * NOISE).clamp(-CLIP, CLIP) * self.scale

    def target(self, following, reward, going_on):
        ahead = self.target_actor(following) + self.smooth(reward.new_zeros(len(reward), ACTIONS))
        ahead = ahead.clamp(-self.scale, self.scale)
        values = self.qf1_target(following, ahead), self.qf2_target(following, ahead)
        return reward + going_on * torch.min(*values).view(-1)

    def critic_loss(self, obs, following, action, reward, going_on, weights):
        with torch.no_grad():
            y = self.target(following, reward, going_on)
        values = self.qf1(obs, action).view(-1), self.qf2(obs, action).view(-1)
        return sum((weights * (q - y) ** 2).mean() for q in values)

    def step(self, optimizer, loss):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def update(self, obs, *rest):
        self.step(self.q_optimizer, self.critic_loss(obs, *rest))
        self.updates += 1
        if self.updates % 2 == 0:
            self.step(self.actor_optimizer, -self.qf1(obs, self.actor(obs)).mean())
        self.follow()

    def follow(self):
        if self.updates % 2 == 0:
            polyak(self.target_actor, self.actor)
            polyak(self.qf1_target, self.qf1)
            polyak(self.qf2_target, self.qf2)

    def watched(self, out):
        return rca.watch(
            actor=self.actor, critic=[self.qf1, self.qf2], out=out,
            targets={"actor": self.target_actor, "critic": [self.qf1_target, self.qf2_target]},
            optimizers={"q": self.q_optimizer, "pi": self.actor_optimizer},
            config={"gamma": GAMMA, "policy_noise": NOISE, "noise_clip": CLIP,
                    "exploration_noise": EXPLORATION, **self.declared},
        )  # fmt: skip


class Memory:
    """Steps in their order, and batches of them."""

    def __init__(self):
        self.rows = []

    def add(self, obs, following, action, reward, terminated, over):
        self.rows.append((obs, following, action, reward, terminated, over))

    def batch(self, at, trainer):
        """Returns obs, next obs, action, sum of rewards, what the next value counts, weights."""
        first = [self.rows[i] for i in at]
        sums, last, counts = zip(*(self._summed(i, trainer.summed) for i in at), strict=True)
        columns = [
            np.stack([row[0] for row in first]), np.stack(last),
            np.stack([row[2] for row in first]), sums, counts,
        ]  # fmt: skip
        return *(torch.from_numpy(np.asarray(c, np.float32)) for c in columns), trainer.weights(
            len(at)
        )

    def _summed(self, start, most):
        total, discount = 0.0, 1.0
        for row in self.rows[start : start + most]:
            _, following, _, reward, terminated, over = row
            total, discount = total + discount * reward, discount * GAMMA * (1 - terminated)
            if over:
                break
        return total, following, discount


def train(trainer, out, updates=50):
    """Random steps, first some that nobody watches, then an update after each step."""
    torch.manual_seed(0)
    env, rng, memory = Numbers(), np.random.default_rng(0), Memory()
    obs, _ = env.reset(seed=0)

    def go(action, recorder=None):
        nonlocal obs
        following, reward, terminated, truncated, _ = env.step(action / trainer.scale)
        reward = trainer.paid(reward)
        if recorder:
            told = {"terminated": terminated, "truncated": truncated, "action": action}
            recorder.step(reward, obs=obs, next_obs=following, **told)
        kept = trainer.kept(action), trainer.stored(reward)
        memory.add(obs, following, *kept, terminated, terminated or truncated)
        obs = env.reset()[0] if terminated or truncated else following

    def random():
        return (trainer.scale * rng.uniform(-1, 1, ACTIONS)).astype(np.float32)

    for _ in range(trainer.prefilled):
        go(random())
    with trainer.watched(out) as recorder:
        for step in range(trainer.warm_up + updates):
            action = random()
            if step >= trainer.warm_up:
                noisy = trainer.act(obs) + trainer.scale * rng.normal(0, EXPLORATION, ACTIONS)
                action = np.clip(noisy, -trainer.scale, trainer.scale).astype(np.float32)
            go(action, recorder)
            if step >= trainer.warm_up:
                at = rng.integers(0, len(memory.rows) - trainer.summed, BATCH)
                batch = memory.batch(at, trainer)
                shown = dict(zip(("obs", "next_obs", "action", "reward"), batch[:4], strict=True))
                recorder.batch(**shown, terminated=batch[4] == 0)
                trainer.update(*batch)
    return recorder


class Prioritized(Sound):
    """Weights of rows make up for their being drawn more often; at first all are drawn alike."""

    def weights(self, rows):
        return 1 - 0.7 * torch.rand(rows) * min(1.0, self.updates / 10)


class HalfPrecision(Sound):
    """Networks in bfloat16."""

    def critic_loss(self, *batch):
        with torch.autocast("cpu", torch.bfloat16):
            return super().critic_loss(*batch)


class Entropy(Sound):
    """SAC's target; its temperature falls until what it weighs is little."""

    def target(self, following, reward, going_on):
        log_pi = torch.randn(len(reward)) - 2
        bonus = -0.1 * 0.8**self.updates * log_pi
        return super().target(following, reward, going_on) + going_on * bonus


class Normalised(Sound):
    """Rewards are divided by how returns varied so far when they are stored, as in VecNormalize."""

    sums, total = (0.0, 0.0, 0), 0.0

    def stored(self, reward):
        one, two, count = self.sums
        self.total = GAMMA * self.total + reward
        self.sums = one, two, count = one + self.total, two + self.total**2, count + 1
        return reward / np.sqrt(max(two / count - (one / count) ** 2, 1e-2))


class Late(Sound):
    """Broken: each reward is stored with the step after it."""

    last = 0.0

    def stored(self, reward):
        before, self.last = self.last, reward
        return before


class Blind(Sound):
    """Broken: the next value does not count."""

    def target(self, following, reward, going_on):
        return super().target(following, reward, going_on * 0.1)


class Sums(Sound):
    """Sums of three steps' rewards, which are all the same."""

    summed = 3
    reward = -1.0

    def paid(self, reward):
        return self.reward


class Unpaid(Sums):
    reward = 0.0


class Copies(Sound):
    """Targets are copied now and then."""

    every = 25

    def follow(self):
        if self.updates % self.every == 0:
            self.target_actor.load_state_dict(self.actor.state_dict())
            self.qf1_target.load_state_dict(self.qf1.state_dict())
            self.qf2_target.load_state_dict(self.qf2.state_dict())


class CopiesRarely(Copies):
    every = 100


class DeclaredCopies(CopiesRarely):
    declared = {"target_update_interval": 100}  # noqa: RUF012


class CopiesAlways(Copies):
    """Broken: there is no target any more."""

    every = 2


class CopiesNever(CopiesRarely):
    """Broken: it says that targets follow softly, and they stand still."""

    every = 10_000
    declared = {"tau": TAU}  # noqa: RUF012


class Scheduled(Sound):
    """Learning rates fall to nothing."""

    declared = {"learning_rate": 3e-4}  # noqa: RUF012

    def rate(self):
        return 3e-4 * max(0.0, 1 - self.updates / 50)

    def step(self, optimizer, loss):
        for group in optimizer.param_groups:
            group["lr"] = self.rate()
        super().step(optimizer, loss)

    def update(self, *batch):
        super().update(*batch)
        for group in (*self.q_optimizer.param_groups, *self.actor_optimizer.param_groups):
            group["lr"] = self.rate()


class AnotherRate(Scheduled):
    """Broken: a schedule that never passes through what is declared."""

    def build(self):
        super().build()
        for group in (*self.q_optimizer.param_groups, *self.actor_optimizer.param_groups):
            group["lr"] = self.rate()

    def rate(self):
        return super().rate() / 10


class WarmUp(Scheduled):
    """Learning rates rise from nothing to what is declared."""

    def build(self):
        super().build()
        for group in (*self.q_optimizer.param_groups, *self.actor_optimizer.param_groups):
            group["lr"] = 0.0

    def rate(self):
        return 3e-4 * min(1.0, self.updates / 20)


class Scaled(Sound):
    """Actions as far as 2, noise as a share of that."""

    scale = 2.0


class ScaledDown(Sound):
    """Actions as far as 0.4."""

    scale = 0.4


class Unscaled(Scaled):
    """Noise as it is configured, whatever the range."""

    def smooth(self, action):
        return super().smooth(action) / self.scale


class Unclipped(Sound):
    """Broken: the noise of smoothing is not clipped."""

    def smooth(self, action):
        return torch.randn_like(action) * 0.6


class Altered(Sound):
    """Broken: actions are stored with some noise on them."""

    def kept(self, action):
        return action + np.random.default_rng(len(action)).normal(0, 0.1, action.shape)


class GoesOn(Sound):
    """A memory that was filled before; a few random steps, then updates at once."""

    prefilled, warm_up = 2000, 10


class Demonstrations(Sound):
    """Half of the memory was there before."""

    prefilled, warm_up = 1000, 250


class FewDemonstrations(Sound):
    """A quarter of the memory was there before."""

    prefilled, warm_up = 100, 250


class ByHand(Sound):
    """Gradients are computed and set, no backward pass takes place."""

    def step(self, optimizer, loss):
        held = [p for group in optimizer.param_groups for p in group["params"]]
        for p, g in zip(held, torch.autograd.grad(loss, held), strict=True):
            p.grad = g
        optimizer.step()


class ActorByHand(ByHand):
    """Only the actor's gradients are set."""

    def step(self, optimizer, loss):
        super().step(optimizer, loss) if optimizer is self.actor_optimizer else Sound.step(
            self, optimizer, loss
        )


class Pretrained(OneEncoder):
    """The encoder is kept as it came."""

    def build(self):
        super().build()
        self.encoder.requires_grad_(False)

    def update(self, obs, following, action, reward, terminated):
        obs, following = self.encoder(obs.float()), self.encoder(following.float())
        with torch.no_grad():
            ahead = self.actor(following, 0.2).sample(clip=0.3)
            y = torch.min(*self.critic_target(following, ahead))
            y = reward[:, None] + (1 - terminated[:, None]) * GAMMA * y
        loss = sum(F.mse_loss(Q, y) for Q in self.critic(obs, action))
        self.critic_opt.zero_grad()
        loss.backward()
        self.critic_opt.step()
        obs = obs.detach()
        actor_loss = -torch.min(*self.critic(obs, self.actor(obs, 0.2).sample(clip=0.3))).mean()
        self.actor_opt.zero_grad()
        actor_loss.backward()
        self.actor_opt.step()
        polyak(self.critic_target, self.critic)

    def watched(self, out):
        return rca.watch(
            actor=self.actor, critic=self.critic, out=out,
            actor_encoder=self.encoder, critic_encoder=self.encoder,
            targets={"critic": self.critic_target}, config={"discount": GAMMA},
            optimizers={"actor_opt": self.actor_opt, "critic_opt": self.critic_opt},
        )  # fmt: skip


class PretrainedAtRest(Pretrained):
    """That has batch norm, and stays in eval mode as it should."""

    def build(self):
        super().build()
        self.encoder.convnet.insert(1, nn.BatchNorm2d(self.encoder.convnet[0].out_channels))
        self.encoder.requires_grad_(False).eval()


class Backbone(OneEncoder):
    """The first layers of the encoder are pretrained and rest, with all that is in them."""

    def build(self):
        super().build()
        first, act, second, *rest = self.encoder.convnet
        frozen = nn.Sequential(first, nn.BatchNorm2d(first.out_channels), act, nn.Dropout(0.1))
        self.encoder.convnet = nn.Sequential(frozen.requires_grad_(False), second, *rest)
        frozen.eval()
        trained = [p for p in self.encoder.parameters() if p.requires_grad]
        self.encoder_opt = torch.optim.Adam(trained, lr=1e-4)


class BothLossesFirst(OneEncoder):
    """Encodes this state, the next one, and this one again for the actor, before any step."""

    def update(self, obs, following, action, reward, terminated):
        features = self.encoder(obs.float())
        with torch.no_grad():
            ahead = self.encoder(following.float())
            y = torch.min(*self.critic_target(ahead, self.actor(ahead, 0.2).sample(clip=0.3)))
            y = reward[:, None] + (1 - terminated[:, None]) * GAMMA * y
            again = self.encoder(obs.float())
        critic_loss = sum(F.mse_loss(Q, y) for Q in self.critic(features, action))
        acted = self.actor(again, 0.2).sample(clip=0.3)
        actor_loss = -torch.min(*self.critic(again, acted)).mean()
        actor_grads = torch.autograd.grad(actor_loss, [*self.actor.parameters()])
        self.encoder_opt.zero_grad()
        self.critic_opt.zero_grad()
        critic_loss.backward()
        for weight, gradient in zip(self.actor.parameters(), actor_grads, strict=True):
            weight.grad = gradient
        for optimizer in (self.critic_opt, self.encoder_opt, self.actor_opt):
            optimizer.step()
        polyak(self.critic_target, self.critic)


class TargetEncoder(OneEncoder):
    """The next state goes through an encoder that follows; the actor has no target of its own."""

    def build(self):
        super().build()
        self.encoder_target = copy.deepcopy(self.encoder).requires_grad_(False)

    def update(self, obs, following, action, reward, terminated):
        features = self.encoder(obs.float())
        with torch.no_grad():
            ahead = self.encoder_target(following.float())
            y = torch.min(*self.critic_target(ahead, self.actor(ahead, 0.2).sample(clip=0.3)))
            y = reward[:, None] + (1 - terminated[:, None]) * GAMMA * y
        critic_loss = sum(F.mse_loss(Q, y) for Q in self.critic(features, action))
        for optimizer in (self.encoder_opt, self.critic_opt):
            optimizer.zero_grad()
        critic_loss.backward()
        for optimizer in (self.encoder_opt, self.critic_opt):
            optimizer.step()
        features = features.detach()
        acted = self.actor(features, 0.2).sample(clip=0.3)
        actor_loss = -torch.min(*self.critic(features, acted)).mean()
        self.actor_opt.zero_grad()
        actor_loss.backward()
        self.actor_opt.step()
        polyak(self.critic_target, self.critic)
        polyak(self.encoder_target, self.encoder)

    def watched(self, out):
        return rca.watch(
            actor=self.actor, critic=self.critic, out=out,
            actor_encoder=self.encoder, critic_encoder=self.encoder,
            targets={"critic": self.critic_target, "critic_encoder": self.encoder_target},
            config={"discount": GAMMA, "tau": TAU},
            optimizers=[self.encoder_opt, self.actor_opt, self.critic_opt],
        )  # fmt: skip


class Forgotten(Pretrained):
    """Broken: the encoder may learn, and no optimizer holds it."""

    def build(self):
        super().build()
        self.encoder.requires_grad_(True)


class SacAe(TiedSac):
    """SAC-AE as published: the target's encoder follows at a pace of its own.

    A reconstruction comes after that, and the encoder is stepped by an optimizer for it too.
    """

    encoder_tau = 0.05

    def build(self):
        super().build()
        self.decoder = nn.Linear(FEATURES, 3 * 36 * 36)
        self.encoder_optimizer = torch.optim.Adam(self.critic.encoder.parameters(), lr=1e-3)
        self.decoder_optimizer = torch.optim.Adam(self.decoder.parameters(), lr=1e-3)

    def update(self, obs, *rest):
        self.fault = "stale_target"  # it follows below
        super().update(obs, *rest)
        self.follow()
        features = self.critic.encoder(obs.float())
        loss = F.mse_loss(self.decoder(features), obs.flatten(1) / 255.0)
        loss = loss + 1e-6 * 0.5 * features.pow(2).sum(1).mean()
        self.encoder_optimizer.zero_grad()
        self.decoder_optimizer.zero_grad()
        loss.backward()
        self.encoder_optimizer.step()
        self.decoder_optimizer.step()

    def follow(self):
        polyak(self.critic_target.Qs, self.critic.Qs)
        inside = self.critic_target.encoder, self.critic.encoder
        for slow, fast in zip(*(module.parameters() for module in inside), strict=True):
            slow.data.mul_(1 - self.encoder_tau).add_(fast.data, alpha=self.encoder_tau)

    def watched(self, out):
        return rca.watch(
            actor=self.actor, critic=self.critic, out=out,
            actor_encoder=self.actor.encoder, critic_encoder=self.critic.encoder,
            targets={"critic": self.critic_target},
            optimizers=[self.actor_optimizer, self.critic_optimizer, self.log_alpha_optimizer,
                        self.encoder_optimizer, self.decoder_optimizer],
        )  # fmt: skip


class SacAeOfAnother(SacAe):
    """Broken: the target's encoder follows a network that was drawn apart."""

    def build(self):
        super().build()
        self.other = self.Encoder("")

    def follow(self):
        polyak(self.critic_target.Qs, self.critic.Qs)
        polyak(self.critic_target.encoder, self.other)
