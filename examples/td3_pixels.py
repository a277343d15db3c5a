"""TD3 from pixels in one file, watched by rca: `python examples/td3_pixels.py`.

A dot in a picture of 36x36 pixels is to be kept in the middle. Nothing here is taken from rca but
the lines marked with `# rca`: they are what a trainer of your own needs.
"""

import argparse
import copy
from pathlib import Path

import gymnasium
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import rca  # rca

SIZE = 36
DISCOUNT = 0.98
TAU = 0.01
POLICY_DELAY = 2
DRAWN = ("obs", "next_obs", "action", "reward", "terminated")
"""What a batch holds, in this order."""


class Dot(gymnasium.Env):
    """A dot moves by 0.15 times the action and must stay near 0; time-out after 25 steps."""

    observation_space = gymnasium.spaces.Box(0, 255, (3, SIZE, SIZE), np.uint8)
    action_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)

    def reset(self, *, seed=None, options=None):
        """Puts the dot somewhere."""
        super().reset(seed=seed)
        self.at, self.steps = self.np_random.uniform(-0.8, 0.8, 2), 0
        return self._picture(), {}

    def step(self, action):
        """Moves the dot; it ends by itself outside the picture."""
        self.at = self.at + 0.15 * np.clip(action, -1, 1)
        self.steps += 1
        outside = bool(np.abs(self.at).max() > 1)
        reward = 0.5 - float(np.abs(self.at).sum()) - 5 * outside
        return self._picture(), reward, outside, self.steps >= 25, {}

    def _picture(self):
        picture = np.zeros((3, SIZE, SIZE), np.uint8)
        x, y = ((np.clip(self.at, -1, 1) + 1) / 2 * (SIZE - 6)).astype(int)
        picture[:, y : y + 6, x : x + 6] = 255
        return picture


class Encoder(nn.Module):
    """Three convolutions and a layer of 32 features."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 5, 3), nn.ReLU(), nn.Conv2d(8, 16, 3, 2), nn.ReLU(), nn.Flatten()
        )
        self.out = nn.Sequential(nn.Linear(16 * 5 * 5, 32), nn.LayerNorm(32), nn.Tanh())

    def forward(self, picture):
        """Returns features. [batch, 32]"""
        return self.out(self.body(picture.float() / 255))


class Actor(nn.Module):
    """Features in, an action in [-1, 1] out."""

    def __init__(self, actions):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(32, 64), nn.Linear(64, actions)

    def forward(self, features):
        """Returns the action. [batch, action]"""
        return torch.tanh(self.fc2(F.relu(self.fc1(features))))


class Critic(nn.Module):
    """Two Q networks on features and action."""

    def __init__(self, actions):
        super().__init__()
        self.q1, self.q2 = (
            nn.Sequential(nn.Linear(32 + actions, 64), nn.ReLU(), nn.Linear(64, 1))
            for _ in range(2)
        )

    def forward(self, features, action):
        """Returns both values. [batch, 1] each"""
        both = torch.cat([features, action], 1)
        return self.q1(both), self.q2(both)


class Replay:
    """The last transitions."""

    def __init__(self, capacity, actions, rng):
        self.pictures = np.zeros((capacity, 2, 3, SIZE, SIZE), np.uint8)
        self.actions = np.zeros((capacity, actions), np.float32)
        self.rewards = np.zeros((capacity, 1), np.float32)
        self.terminated = np.zeros((capacity, 1), np.float32)
        self.rng, self.size = rng, 0

    def add(self, picture, action, reward, following, terminated):
        """Stores one transition."""
        at = self.size % len(self.rewards)
        self.pictures[at, 0], self.pictures[at, 1] = picture, following
        self.actions[at], self.rewards[at], self.terminated[at] = action, reward, terminated
        self.size += 1

    def sample(self, batch):
        """Returns a batch as tensors."""
        at = self.rng.integers(0, min(self.size, len(self.rewards)), batch)
        pictures = torch.from_numpy(self.pictures[at])
        rest = (torch.from_numpy(x[at]) for x in (self.actions, self.rewards, self.terminated))
        return pictures[:, 0], pictures[:, 1], *rest


class TD3:
    """Twin delayed DDPG with an encoder for the actor and one for the critics."""

    def __init__(self, actions):
        self.actor_encoder, self.critic_encoder = Encoder(), Encoder()
        self.actor, self.critic = Actor(actions), Critic(actions)
        self.target_actor_encoder = copy.deepcopy(self.actor_encoder)
        self.target_critic_encoder = copy.deepcopy(self.critic_encoder)
        self.target_actor = copy.deepcopy(self.actor)
        self.target_critic = copy.deepcopy(self.critic)
        self.actor_optimizer, self.critic_optimizer = self.optimizers()
        self.updates = 0

    def optimizers(self):
        """Returns the actor's and the critic's."""
        return (
            torch.optim.Adam([*self.actor.parameters(), *self.actor_encoder.parameters()], 3e-4),
            torch.optim.Adam([*self.critic.parameters(), *self.critic_encoder.parameters()], 1e-3),
        )

    @torch.no_grad()
    def act(self, picture):
        """Returns the greedy action for one picture."""
        return self.actor(self.actor_encoder(torch.from_numpy(picture)[None]))[0].numpy()

    @torch.no_grad()
    def target(self, reward, following, terminated):
        """Returns what both critics are regressed on."""
        action = self.target_actor(self.target_actor_encoder(following))
        noise = (torch.randn_like(action) * 0.2).clamp(-0.5, 0.5)
        features = self.target_critic_encoder(following)
        values = self.target_critic(features, (action + noise).clamp(-1, 1))
        return reward + DISCOUNT * (1 - terminated) * torch.min(*values)

    def critic_loss(self, picture, action, target):
        """Returns the sum of both squared errors."""
        q1, q2 = self.critic(self.critic_encoder(picture), action)
        return F.mse_loss(q1, target) + F.mse_loss(q2, target)

    def actor_loss(self, picture):
        """Returns -Q1 of the actor's own action, on the features that the critic knows."""
        action = self.actor(self.actor_encoder(picture))
        return -self.critic(self.critic_encoder(picture).detach(), action)[0].mean()

    def update(self, batch):
        """Learns from one batch."""
        picture, following, action, reward, terminated = batch
        loss = self.critic_loss(picture, action, self.target(reward, following, terminated))
        self.critic_optimizer.zero_grad()
        loss.backward()
        self.critic_optimizer.step()
        self.updates += 1
        if self.updates % POLICY_DELAY == 0:
            loss = self.actor_loss(picture)
            self.actor_optimizer.zero_grad()
            loss.backward()
            self.actor_optimizer.step()
            self.follow()

    def follow(self):
        """Moves the targets towards what they follow."""
        for target, online in (
            (self.target_actor, self.actor),
            (self.target_critic, self.critic),
            (self.target_actor_encoder, self.actor_encoder),
            (self.target_critic_encoder, self.critic_encoder),
        ):
            with torch.no_grad():
                for slow, fast in zip(target.parameters(), online.parameters(), strict=True):
                    slow.lerp_(fast, TAU)

    def watched(self, out):
        """Returns rca's recorder for this agent."""
        return rca.watch(  # rca
            actor=self.actor,
            critic=self.critic,
            actor_encoder=self.actor_encoder,
            critic_encoder=self.critic_encoder,
            targets={
                "actor": self.target_actor,
                "critic": self.target_critic,
                "actor_encoder": self.target_actor_encoder,
                "critic_encoder": self.target_critic_encoder,
            },
            optimizers={"actor_optimizer": self.actor_optimizer,
                        "critic_optimizer": self.critic_optimizer},
            config={"discount": DISCOUNT, "tau": TAU, "policy_delay": POLICY_DELAY},
            out=out,
        )  # fmt: skip


def stored_action(executed, rng):
    """Returns what goes into the memory: the action that was executed."""
    return executed


def stored_end(terminated, truncated):
    """Returns whether the next state's value counts: a time-out is no end."""
    return terminated


def train(agent, out, steps, *, learning_starts=300, batch=32, seed=0):
    """Trains, watched, and returns the returns of the episodes."""
    env, rng = Dot(), np.random.default_rng(seed)
    replay = Replay(10_000, 2, rng)
    picture, _ = env.reset(seed=seed)
    returns, running = [], 0.0
    with agent.watched(out) as recorder:  # rca
        for step in range(steps):
            if step < learning_starts:
                action = rng.uniform(-1, 1, 2).astype(np.float32)
            else:
                noise = rng.normal(0, 0.2, 2)
                action = np.clip(agent.act(picture) + noise, -1, 1).astype(np.float32)
            following, reward, terminated, truncated, _ = env.step(action)
            told = {"terminated": terminated, "truncated": truncated, "action": action}  # rca
            recorder.step(reward, obs=picture, next_obs=following, **told)  # rca
            end = stored_end(terminated, truncated)
            replay.add(picture, stored_action(action, rng), reward, following, end)
            picture, running = following, running + reward
            if terminated or truncated:
                returns.append(running)
                (picture, _), running = env.reset(), 0.0
            if step >= learning_starts:
                drawn = replay.sample(batch)
                recorder.batch(**dict(zip(DRAWN, drawn, strict=True)))  # rca
                agent.update(drawn)
    return returns


def main():
    """Trains for a minute and says where the evidence is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/td3_pixels"))
    parser.add_argument("--steps", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args()
    torch.manual_seed(wanted.seed)
    returns = train(TD3(2), wanted.out, wanted.steps, seed=wanted.seed)
    print(f"mean return {np.mean(returns[:10]):.1f} at first, {np.mean(returns[-10:]):.1f} at last")
    print(f"next: rca check {wanted.out}")


if __name__ == "__main__":
    main()
