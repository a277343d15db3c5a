# mypy: disable-error-code="no-untyped-call,misc,name-defined"
# ruff: noqa: N806, N812
"""Trainers as strangers write them, each in another style; any of them can be planted with a fault.

Nothing here knows rca but `watched`. `fault` is what is wrong with one, "" for a sound one.
"""

import copy
import itertools
from typing import Any

import gymnasium
import numpy as np
import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

import rca
from tests.example_loop import example

GAMMA, TAU, ACTIONS, FEATURES = 0.98, 0.01, 2, 24
PARTS = ("actor_encoder", "critic_encoder", "actor", "critic")
WARM_UP, UPDATES, BATCH = 250, 50, 32


class Numbers(example.Dot):
    """The dot as two numbers, without a picture."""

    observation_space = gymnasium.spaces.Box(-2, 2, (2,), np.float32)

    def _picture(self):
        return self.at.astype(np.float32)


def convolutions(fault=""):
    """Returns pictures -> features; with BatchNorm where eval mode shall matter."""
    norm = [nn.BatchNorm2d(8)] if fault == "eval_mode" else []
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, 3), *norm, nn.ReLU(), nn.Conv2d(8, 16, 3, 2), nn.ReLU(), nn.Flatten()
    )


def polyak(slow, fast):
    for p, target_p in zip(fast.parameters(), slow.parameters(), strict=True):
        target_p.data.mul_(1 - TAU).add_(p.data, alpha=TAU)


class Trainer:
    """What the loop below wants."""

    env: Any = example.Dot

    def __init__(self, fault=""):
        self.fault = fault
        self.updates = 0
        self.build()

    def build(self): ...
    def act(self, obs): ...
    def update(self, obs, following, action, reward, terminated): ...
    def watched(self, out): ...


def train(trainer, out, updates=UPDATES):
    """The loop: 250 random steps, then an update after each step."""
    torch.manual_seed(0)
    env, rng = trainer.env(), np.random.default_rng(0)
    shape = env.observation_space.shape
    memory = np.zeros((1000, 2, *shape), env.observation_space.dtype)
    rest = np.zeros((1000, ACTIONS + 2), np.float32)
    obs, _ = env.reset(seed=0)
    with trainer.watched(out) as recorder:
        for step in range(WARM_UP + updates):
            action = rng.uniform(-1, 1, ACTIONS).astype(np.float32)
            if step >= WARM_UP:
                noisy = trainer.act(obs) + rng.normal(0, 0.2, ACTIONS)
                action = np.clip(noisy, -1, 1).astype(np.float32)
            following, reward, terminated, truncated, _ = env.step(action)
            told = {"terminated": terminated, "truncated": truncated, "action": action}
            recorder.step(reward, obs=obs, next_obs=following, **told)
            kept = trainer.act(obs) if trainer.fault == "wrong_action" else action
            memory[step, 0], memory[step, 1] = obs, following
            rest[step] = [*kept, reward, terminated]
            obs = env.reset()[0] if terminated or truncated else following
            if step >= WARM_UP:
                at = rng.integers(0, step, BATCH)
                both, numbers = torch.from_numpy(memory[at]), torch.from_numpy(rest[at])
                batch = both[:, 0], both[:, 1], *numbers.tensor_split((ACTIONS, ACTIONS + 1), 1)
                recorder.batch(**dict(zip(example.DRAWN, batch, strict=True)))
                trainer.update(*batch[:3], batch[3][:, 0], batch[4][:, 0])
    return recorder


class CleanRL(Trainer):
    """One file, two critics in variables of their own, flat tensors, no pictures."""

    env = Numbers

    class Actor(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.fc_mu = nn.Linear(2, 64), nn.Linear(64, ACTIONS)
            self.register_buffer("action_scale", torch.ones(ACTIONS))
            self.register_buffer("action_bias", torch.zeros(ACTIONS))

        def forward(self, x):
            x = torch.tanh(self.fc_mu(F.relu(self.fc1(x))))
            return x * self.action_scale + self.action_bias

    class QNetwork(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.fc2, self.fc3 = nn.Linear(4, 64), nn.Linear(64, 64), nn.Linear(64, 1)
            self.dropout = nn.Dropout(0.01)

        def forward(self, x, a):
            x = F.relu(self.fc1(torch.cat([x, a], 1)))
            return self.fc3(self.dropout(F.relu(self.fc2(x))))

    def build(self):
        self.actor, self.target_actor = self.Actor(), self.Actor()
        self.qf1, self.qf2 = self.QNetwork(), self.QNetwork()
        self.qf1_target, self.qf2_target = self.QNetwork(), self.QNetwork()
        self.target_actor.load_state_dict(self.actor.state_dict())
        self.qf1_target.load_state_dict(self.qf1.state_dict())
        self.qf2_target.load_state_dict(self.qf2.state_dict())
        held = list(self.qf1.parameters())
        if self.fault != "missing_optimizer":
            held += list(self.qf2.parameters())
        self.q_optimizer = torch.optim.Adam(held, lr=3e-4)
        self.actor_optimizer = torch.optim.Adam(list(self.actor.parameters()), lr=3e-4)
        if self.fault == "eval_mode":
            self.qf2.eval()

    def act(self, obs):
        with torch.no_grad():
            return self.actor(torch.Tensor(obs[None])).numpy()[0]

    def update(self, obs, following, action, reward, terminated):
        with torch.no_grad():
            noise = (torch.randn_like(action) * 0.2).clamp(-0.5, 0.5)
            next_actions = (self.target_actor(following) + noise).clamp(-1, 1)
            q1_next = self.qf1_target(following, next_actions)
            q2_next = self.qf2_target(following, next_actions)
            smaller = torch.min(q1_next, q2_next)
            y = reward.flatten() + (1 - terminated.flatten()) * GAMMA * smaller.view(-1)
        q1, q2 = self.qf1(obs, action).view(-1), self.qf2(obs, action).view(-1)
        if self.fault == "detached_critic":
            q2 = q2.detach()
        loss = F.mse_loss(q1, y) + F.mse_loss(q2, y)
        self.q_optimizer.zero_grad()
        loss.backward()
        self.q_optimizer.step()
        self.updates += 1
        if self.updates % 2 == 0:
            actor_loss = -self.qf1(obs, self.actor(obs)).mean()
            self.actor_optimizer.zero_grad()
            actor_loss.backward()
            self.actor_optimizer.step()
            polyak(self.target_actor, self.actor)
            polyak(self.qf1_target, self.qf1)
            if self.fault != "stale_target":
                polyak(self.qf2_target, self.qf2)

    def watched(self, out):
        return rca.watch(
            actor=self.actor, critic=[self.qf1, self.qf2], out=out,
            targets={"actor": self.target_actor, "critic": [self.qf1_target, self.qf2_target]},
            optimizers=[self.q_optimizer, self.actor_optimizer], config={"gamma": GAMMA},
        )  # fmt: skip


class Policy:
    """What a policy returns where it returns a distribution."""

    def __init__(self, mean, deviation):
        self.mean, self.deviation = mean, deviation

    def sample(self, clip=None):
        noise = torch.randn_like(self.mean) * self.deviation
        return (self.mean + (noise if clip is None else noise.clamp(-clip, clip))).clamp(-1, 1)


class OneEncoder(Trainer):
    """Like DrQ-v2: one encoder with an optimizer of its own, policies as distributions, n-step."""

    class Actor(nn.Module):
        def __init__(self):
            super().__init__()
            self.trunk = nn.Sequential(nn.Linear(400, FEATURES), nn.LayerNorm(FEATURES), nn.Tanh())
            self.policy = nn.Sequential(nn.Linear(FEATURES, 64), nn.ReLU(), nn.Linear(64, ACTIONS))

        def forward(self, obs, deviation):
            return Policy(torch.tanh(self.policy(self.trunk(obs))), deviation)

    class Critic(nn.Module):
        def __init__(self):
            super().__init__()
            self.trunk = nn.Sequential(nn.Linear(400, FEATURES), nn.LayerNorm(FEATURES), nn.Tanh())
            self.Q1, self.Q2 = (
                nn.Sequential(nn.Linear(FEATURES + ACTIONS, 64), nn.ReLU(), nn.Linear(64, 1))
                for _ in range(2)
            )

        def forward(self, obs, action):
            h_action = torch.cat([self.trunk(obs), action], dim=-1)
            return self.Q1(h_action), self.Q2(h_action)

    class Encoder(nn.Module):
        def __init__(self, fault):
            super().__init__()
            self.convnet = convolutions(fault)

        def forward(self, obs):
            obs = obs / 255.0 - 0.5
            h = self.convnet(obs)
            return h.view(h.shape[0], -1)

    def build(self):
        self.encoder = self.Encoder(self.fault)
        self.actor, self.critic = self.Actor(), self.Critic()
        self.critic_target = self.Critic()
        self.critic_target.load_state_dict(self.critic.state_dict())
        twice = self.fault == "stepped_twice"
        held = [*self.actor.parameters(), *(self.encoder.parameters() if twice else ())]
        forgotten = self.fault == "missing_optimizer"
        self.encoder_opt = torch.optim.Adam(
            (copy.deepcopy(self.encoder) if forgotten else self.encoder).parameters(), lr=1e-4
        )
        self.actor_opt = torch.optim.Adam(held, lr=1e-4)
        self.critic_opt = torch.optim.Adam(self.critic.parameters(), lr=1e-4)
        if self.fault == "eval_mode":
            self.encoder.eval()

    def act(self, obs):
        with torch.no_grad():
            obs = self.encoder(torch.as_tensor(obs).unsqueeze(0))
            return self.actor(obs, 0.2).mean.cpu().numpy()[0]

    def update(self, obs, following, action, reward, terminated):
        pictures = obs.float()
        obs = self.encoder(pictures)
        with torch.no_grad():
            following = self.encoder(following.float())
            next_action = self.actor(following, 0.2).sample(clip=0.3)
            target_Q = torch.min(*self.critic_target(following, next_action))
            target_Q = reward[:, None] + (1 - terminated[:, None]) * GAMMA * target_Q
        Q1, Q2 = self.critic(obs.detach() if self.fault == "detached_critic" else obs, action)
        loss = F.mse_loss(Q1, target_Q) + F.mse_loss(Q2, target_Q)
        self.encoder_opt.zero_grad(set_to_none=True)
        self.critic_opt.zero_grad(set_to_none=True)
        loss.backward()
        self.critic_opt.step()
        self.encoder_opt.step()
        if self.fault == "stepped_twice":
            obs = self.encoder(pictures)
        seen = obs if self.fault == "stepped_twice" else obs.detach()
        Q = torch.min(*self.critic(seen, self.actor(seen, 0.2).sample(clip=0.3)))
        self.actor_opt.zero_grad(set_to_none=True)
        (-Q.mean()).backward()
        self.actor_opt.step()
        if self.fault != "stale_target":
            polyak(self.critic_target, self.critic)

    def watched(self, out):
        return rca.watch(
            actor=self.actor, critic=self.critic, out=out,
            actor_encoder=self.encoder, critic_encoder=self.encoder,
            targets={"critic": self.critic_target}, config={"discount": GAMMA, "tau": TAU},
            optimizers={"encoder_opt": self.encoder_opt, "actor_opt": self.actor_opt,
                        "critic_opt": self.critic_opt},
        )  # fmt: skip


class TiedSac(Trainer):
    """SAC-AE: an encoder in each network, their convolutions tied, SAC, a list of critics."""

    class Encoder(nn.Module):
        def __init__(self, fault):
            super().__init__()
            self.convs = convolutions(fault)
            self.fc, self.ln = nn.Linear(400, FEATURES), nn.LayerNorm(FEATURES)

        def forward(self, obs, detach=False):
            h = self.convs(obs / 255.0)
            return torch.tanh(self.ln(self.fc(h.detach() if detach else h)))

    class Actor(nn.Module):
        def __init__(self, encoder):
            super().__init__()
            self.encoder = encoder
            self.trunk = nn.Sequential(
                nn.Linear(FEATURES, 64), nn.ReLU(), nn.Linear(64, 2 * ACTIONS)
            )

        def forward(self, obs, detach_encoder=False):
            seen = self.encoder(obs, detach=detach_encoder)
            mu, log_std = self.trunk(seen).chunk(2, dim=-1)
            log_std = torch.tanh(log_std) - 2
            noise = torch.randn_like(mu)
            pi = torch.tanh(mu + noise * log_std.exp())
            log_pi = (-0.5 * noise**2 - log_std).sum(-1) - torch.log(1 - pi**2 + 1e-6).sum(-1)
            return torch.tanh(mu), pi, log_pi, log_std

    class Critic(nn.Module):
        def __init__(self, encoder):
            super().__init__()
            self.encoder = encoder
            self.Qs = nn.ModuleList(
                nn.Sequential(nn.Linear(FEATURES + ACTIONS, 64), nn.ReLU(), nn.Linear(64, 1))
                for _ in range(3)
            )

        def forward(self, obs, action, detach_encoder=False, features=None):
            if features is None:
                features = self.encoder(obs, detach=detach_encoder)
            return [Q(torch.cat([features, action], dim=1)) for Q in self.Qs]

    def build(self):
        self.actor = self.Actor(self.Encoder(self.fault))
        self.critic = self.Critic(self.Encoder(self.fault))
        self.critic_target = copy.deepcopy(self.critic)
        self.actor.encoder.convs = self.critic.encoder.convs
        self.log_alpha = torch.tensor(np.log(0.1), requires_grad=True)
        kept = self.critic.parameters()
        if self.fault == "missing_optimizer":
            kept = itertools.chain(*(Q.parameters() for Q in self.critic.Qs[:2]))
        self.critic_optimizer = torch.optim.Adam(kept, lr=1e-3)
        self.actor_optimizer = torch.optim.Adam(self.actor.parameters(), lr=1e-3)
        self.log_alpha_optimizer = torch.optim.Adam([self.log_alpha], lr=1e-4, betas=(0.5, 0.999))
        if self.fault == "eval_mode":
            self.critic.encoder.eval()

    def act(self, obs):
        with torch.no_grad():
            return self.actor(torch.FloatTensor(obs).unsqueeze(0))[1].numpy().flatten()

    def update(self, obs, following, action, reward, terminated):
        obs, following = obs.float(), following.float()
        with torch.no_grad():
            _, policy_action, log_pi, _ = self.actor(following)
            smallest = torch.min(torch.stack(self.critic_target(following, policy_action)), 0)[0]
            target_V = smallest[:, 0] - self.log_alpha.exp() * log_pi
            target_Q = (reward + (1 - terminated) * GAMMA * target_V)[:, None]
        detached = self.fault == "detached_critic"
        features = self.critic.encoder(obs).detach() if detached else None
        Qs = self.critic(obs, action, features=features)
        loss = torch.stack([F.mse_loss(Q, target_Q) for Q in Qs]).sum()
        self.critic_optimizer.zero_grad()
        loss.backward()
        self.critic_optimizer.step()
        _, pi, log_pi, _ = self.actor(obs, detach_encoder=self.fault != "stepped_twice")
        mixed = self.actor.encoder(obs, detach=True) if self.fault == "mix_up" else None
        climbed = torch.stack(self.critic(obs, pi, detach_encoder=True, features=mixed)).amin(0)
        actor_loss = (self.log_alpha.exp().detach() * log_pi - climbed[:, 0]).mean()
        self.actor_optimizer.zero_grad()
        actor_loss.backward()
        self.actor_optimizer.step()
        self.log_alpha_optimizer.zero_grad()
        (self.log_alpha.exp() * (-log_pi + ACTIONS).detach()).mean().backward()
        self.log_alpha_optimizer.step()
        if self.fault != "stale_target":
            polyak(self.critic_target, self.critic)

    def watched(self, out):
        return rca.watch(
            actor=self.actor, critic=self.critic, out=out,
            actor_encoder=self.actor.encoder, critic_encoder=self.critic.encoder,
            targets={"critic": self.critic_target},
            optimizers=[self.actor_optimizer, self.critic_optimizer, self.log_alpha_optimizer],
        )  # fmt: skip


class SpinningUp(Trainer):
    """One module for all networks, methods other than forward, two half batches per step."""

    class ActorCritic(nn.Module):
        def __init__(self, fault):
            super().__init__()
            self.fault = fault
            self.body, self.head = convolutions(fault), nn.Linear(400, FEATURES)
            self.pi_body, self.pi_head = convolutions(fault), nn.Linear(400, FEATURES)
            self.pi = nn.Sequential(
                nn.Linear(FEATURES, 64), nn.ReLU(), nn.Linear(64, ACTIONS), nn.Tanh()
            )
            self.q1, self.q2 = (
                nn.Sequential(nn.Linear(FEATURES + ACTIONS, 64), nn.ReLU(), nn.Linear(64, 1))
                for _ in range(2)
            )

        def see(self, pictures):
            return F.relu(self.head(self.body(pictures.float() / 255)))

        def policy(self, pictures):
            return self.pi(F.relu(self.pi_head(self.pi_body(pictures.float() / 255))))

        def values(self, features, action):
            both = torch.cat([features, action], dim=-1)
            return torch.squeeze(self.q1(both), -1), torch.squeeze(self.q2(both), -1)

    def build(self):
        self.ac = self.ActorCritic(self.fault)
        self.ac_targ = copy.deepcopy(self.ac)
        for p in self.ac_targ.parameters():
            p.requires_grad = False
        ac = self.ac
        parts = [ac.head, ac.body, ac.q1, ac.q2]
        parts = parts[1:] if self.fault == "missing_optimizer" else parts
        self.q_params = list(itertools.chain(*(part.parameters() for part in parts)))
        policy = (ac.pi, ac.pi_head, ac.pi_body, *((ac.body, ac.head) * self._twice))
        self.q_optimizer = torch.optim.Adam(self.q_params, lr=1e-3)
        self.pi_optimizer = torch.optim.Adam(
            itertools.chain(*(part.parameters() for part in policy)), lr=1e-3
        )
        if self.fault == "eval_mode":
            self.ac.body.eval()

    @property
    def _twice(self):
        return self.fault == "stepped_twice"

    def act(self, obs):
        with torch.no_grad():
            return self.ac.policy(torch.as_tensor(obs)[None]).numpy()[0]

    def q_loss(self, o, o2, a, r, d):
        with torch.no_grad():
            pi_targ = self.ac_targ.policy(o2)
            epsilon = torch.clamp(torch.randn_like(pi_targ) * 0.2, -0.5, 0.5)
            values = self.ac_targ.values(self.ac_targ.see(o2), (pi_targ + epsilon).clamp(-1, 1))
            backup = r + GAMMA * (1 - d) * torch.min(*values)
        features = self.ac.see(o)
        q1, q2 = self.ac.values(
            features.detach() if self.fault == "detached_critic" else features, a
        )
        return ((q1 - backup) ** 2).mean() + ((q2 - backup) ** 2).mean()

    def update(self, *batch):
        self.q_optimizer.zero_grad()
        for half in (slice(0, BATCH // 2), slice(BATCH // 2, BATCH)):
            (self.q_loss(*(part[half] for part in batch)) / 2).backward()
        nn.utils.clip_grad_norm_(self.q_params, 10.0)
        self.q_optimizer.step()
        self.updates += 1
        if self.updates % 2:
            return
        frozen = [] if self._twice else self.q_params
        for p in frozen:
            p.requires_grad = False
        self.pi_optimizer.zero_grad()
        o = batch[0]
        if self.fault == "mix_up":
            features = F.relu(self.ac.pi_head(self.ac.pi_body(o.float() / 255)))
        else:
            features = self.ac.see(o)
        (-self.ac.values(features, self.ac.policy(o))[0].mean()).backward()
        self.pi_optimizer.step()
        for p in frozen:
            p.requires_grad = True
        if self.fault != "stale_target":
            polyak(self.ac_targ, self.ac)

    def watched(self, out):
        ac, slow = self.ac, self.ac_targ
        return rca.watch(
            actor=ac.pi, critic=[ac.q1, ac.q2], out=out,
            actor_encoder=[ac.pi_body, ac.pi_head], critic_encoder=[ac.body, ac.head],
            targets={"actor": slow.pi, "critic": [slow.q1, slow.q2],
                     "critic_encoder": [slow.body, slow.head]},
            optimizers={"q_optimizer": self.q_optimizer, "pi_optimizer": self.pi_optimizer},
        )  # fmt: skip


class OneAdam(Trainer):
    """One Adam over all, one backward for both losses, a critic of two values that takes a dict."""

    class Critic(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(FEATURES + ACTIONS, 64), nn.ELU(), nn.Linear(64, 2))

        def forward(self, inputs):
            return self.net(torch.cat([inputs["latent"], inputs["action"]], -1))

    class Encoder(nn.Module):
        def __init__(self, fault):
            super().__init__()
            self.convs, self.out = convolutions(fault), nn.Linear(400, FEATURES)

        def forward(self, pictures):
            return {"latent": torch.tanh(self.out(self.convs(pictures.float() / 255)))}

    def build(self):
        self.policy_encoder, self.value_encoder = self.Encoder(self.fault), self.Encoder(self.fault)
        self.policy = nn.Sequential(nn.Linear(FEATURES, 64), nn.ELU(), nn.Linear(64, ACTIONS))
        self.value = self.Critic()
        self.slow = {
            name: {key: value.detach().clone() for key, value in module.state_dict().items()}
            for name, module in (("encoder", self.value_encoder), ("value", self.value))
        }
        trained = [self.policy, self.value, self.value_encoder, self.policy_encoder]
        if self.fault == "missing_optimizer":
            trained.remove(self.value_encoder)
        groups = [{"params": module.parameters()} for module in trained]
        self.optimizer = torch.optim.AdamW(groups, lr=3e-4)
        if self.fault == "eval_mode":
            self.value_encoder.eval()

    def action_of(self, pictures):
        return torch.tanh(self.policy(self.policy_encoder(pictures)["latent"]))

    def act(self, obs):
        with torch.no_grad():
            return self.action_of(torch.from_numpy(obs)[None])[0].numpy()

    def update(self, obs, following, action, reward, terminated):
        with torch.no_grad():
            encoded = functional_call(self.value_encoder, self.slow["encoder"], (following,))
            inputs = {**encoded, "action": self.action_of(following)}
            ahead = functional_call(self.value, self.slow["value"], (inputs,)).min(1).values
            y = reward + GAMMA * (1 - terminated) * ahead
        latent = self.value_encoder(obs)["latent"]
        if self.fault == "detached_critic":
            latent = latent.detach()
        critic_loss = (self.value({"latent": latent, "action": action}) - y[:, None]).pow(2).mean()
        fixed = {name: p.detach() for name, p in self.value.named_parameters()}
        seen = self.policy_encoder if self.fault == "mix_up" else self.value_encoder
        inputs = {"latent": seen(obs)["latent"].detach(), "action": self.action_of(obs)}
        actor_loss = -functional_call(self.value, fixed, (inputs,))[:, 0].mean()
        self.optimizer.zero_grad()
        (critic_loss + actor_loss).backward()
        self.optimizer.step()
        if self.fault != "stale_target":
            for name, module in (("encoder", self.value_encoder), ("value", self.value)):
                for key, value in module.state_dict().items():
                    slow = self.slow[name][key]
                    slow.copy_(slow.lerp(value, TAU) if slow.is_floating_point() else value)

    def watched(self, out):
        return rca.watch(
            actor=self.policy, critic=self.value, out=out,
            actor_encoder=self.policy_encoder, critic_encoder=self.value_encoder,
            optimizers=self.optimizer,
        )  # fmt: skip


class Parallel(Trainer):
    """DataParallel around every network, targets by deepcopy, the actor first, AMP switched off."""

    def networks(self):
        """Returns each network and the name of the method that it is called by."""
        inner = example.TD3(ACTIONS)
        if self.fault == "eval_mode":
            inner.critic_encoder.body.insert(1, nn.BatchNorm2d(8))
        return {name: (nn.DataParallel(getattr(inner, name)), "__call__") for name in PARTS}

    def build(self):
        networks = self.networks()
        self.online = {name: module for name, (module, _) in networks.items()}
        self.by = {name: method for name, (_, method) in networks.items()}
        if self.fault == "eval_mode":
            self.online["critic_encoder"].eval()
        self.slow = {name: copy.deepcopy(module) for name, module in self.online.items()}
        parts = ["critic", "critic_encoder"]
        parts = parts[:1] if self.fault == "missing_optimizer" else parts
        self.optimizers = {
            "pi": torch.optim.RMSprop([*self._of("actor", "actor_encoder")], lr=1e-4),
            "q": torch.optim.SGD([*self._of(*parts)], lr=1e-2, momentum=0.9),
        }
        self.scaler = torch.amp.GradScaler("cpu", enabled=False)

    def _of(self, *names):
        return itertools.chain(*(self.online[name].parameters() for name in names))

    def run(self, name, *inputs, slow=False):
        module = (self.slow if slow else self.online)[name]
        return getattr(module, self.by[name])(*inputs)

    def act(self, obs):
        with torch.no_grad():
            seen = self.run("actor_encoder", torch.from_numpy(obs)[None])
            return self.run("actor", seen)[0].numpy()

    def update(self, obs, following, action, reward, terminated):
        with torch.autocast("cpu", enabled=False):
            seen = self.run("actor_encoder", obs)
            mixed = self.fault == "mix_up"
            climbed = seen if mixed else self.run("critic_encoder", obs).detach()
            actor_loss = -self.run("critic", climbed, self.run("actor", seen))[0].mean()
        self.step("pi", actor_loss)
        with torch.no_grad():
            ahead = self.run("actor", self.run("actor_encoder", following, slow=True), slow=True)
            features = self.run("critic_encoder", following, slow=True)
            values = self.run("critic", features, ahead, slow=True)
            y = reward[:, None] + GAMMA * (1 - terminated[:, None]) * torch.min(*values)
        features = self.run("critic_encoder", obs)
        features = features.detach() if self.fault == "detached_critic" else features
        self.step("q", sum(F.mse_loss(q, y) for q in self.run("critic", features, action)))
        for name, slow in self.slow.items():
            if not (self.fault == "stale_target" and name == "critic_encoder"):
                polyak(slow, self.online[name])

    def step(self, name, loss):
        optimizer = self.optimizers[name]
        optimizer.zero_grad()
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(optimizer)
        self.scaler.step(optimizer)
        self.scaler.update()

    def watched(self, out):
        return rca.watch(**self.online, targets=self.slow, optimizers=self.optimizers, out=out)


class Compiled(Parallel):
    """The same, compiled."""

    def build(self):
        super().build()
        for name, module in self.online.items():
            self.online[name] = torch.compile(module.module, backend="eager")


class Methods(Parallel):
    """The same, but no network has a `forward`: methods with names of their own."""

    class Eyes(nn.Module):
        def __init__(self):
            super().__init__()
            self.convs, self.out = convolutions(), nn.Linear(400, FEATURES)

        def encode(self, pictures):
            return torch.tanh(self.out(self.convs(pictures.float() / 255)))

    class Policy(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden, self.mean = nn.Linear(FEATURES, 64), nn.Linear(64, ACTIONS)

        def get_action(self, latent):
            return torch.tanh(self.mean(F.relu(self.hidden(latent))))

    class Twins(nn.Module):
        def __init__(self):
            super().__init__()
            self.l1, self.l2 = nn.Linear(FEATURES + ACTIONS, 64), nn.Linear(64, 1)
            self.l3, self.l4 = nn.Linear(FEATURES + ACTIONS, 64), nn.Linear(64, 1)

        def q_values(self, latent, action):
            both = torch.cat([latent, action], 1)
            return self.l2(F.relu(self.l1(both))), self.l4(F.relu(self.l3(both)))

    def networks(self):
        return {
            "actor_encoder": (self.Eyes(), "encode"),
            "critic_encoder": (self.Eyes(), "encode"),
            "actor": (self.Policy(), "get_action"),
            "critic": (self.Twins(), "q_values"),
        }


STYLES = {
    kind.__name__: kind
    for kind in (CleanRL, OneEncoder, TiedSac, SpinningUp, OneAdam, Parallel, Compiled, Methods)
}
