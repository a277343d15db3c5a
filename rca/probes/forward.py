"""Forward passes that rare probes share: one look at part of the batch per reading."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn

from rca.td3.agent import TD3
from rca.td3.events import Updated
from rca.td3.networks import ACTIVATIONS, scaled

ROWS = 32
"""Observations looked at: a reading takes about 0.2% of 100 updates of batch 128."""


@dataclass(frozen=True)
class Look:
    """What the networks make of the first rows of a batch, after the update.

    Attributes:
        vector: Of the observations. [rows, vector]
        action: Executed ones of the batch. [rows, action]
        features: Of the critic's encoder. [rows, features]
        own: Of the actor's encoder. [rows, features]
        policy: Actions of the policy. [rows, action]
        blind: Actions of the policy when the image is black. [rows, action]
        units: Mean absolute activation per unit, one entry per hidden layer, by module.
    """

    vector: Tensor
    action: Tensor
    features: Tensor
    own: Tensor
    policy: Tensor
    blind: Tensor
    units: dict[str, list[Tensor]]


@lru_cache(maxsize=1)
@torch.no_grad()
def look(event: Updated) -> Look:
    """Returns a look at the event's batch; probes of one event share it."""
    agent, batch = event.agent, event.batch
    image, vector = scaled(batch.obs.image[:ROWS]), batch.obs.vector[:ROWS]
    action = batch.action[:ROWS]
    units: dict[str, list[Tensor]] = {name: [] for name in agent.modules()}
    own = _through(agent.actor_encoder.layers, image, units["actor_encoder"])
    features = _through(agent.critic_encoder.layers, image, units["critic_encoder"])
    policy = _through(agent.actor.layers, torch.cat([own, vector], 1), units["actor"])
    for critic in (agent.critic.first, agent.critic.second):
        _through(critic, torch.cat([features, vector, action], 1), units["critic"])
    return Look(vector, action, features, own, policy, _blind(agent, image, vector), units)


def _blind(agent: TD3, image: Tensor, vector: Tensor) -> Tensor:
    black = agent.actor_encoder(torch.zeros_like(image[:1]))
    actions: Tensor = agent.actor(black.expand(len(vector), -1), vector)
    return actions


def _through(layers: nn.Sequential, inputs: Tensor, units: list[Tensor]) -> Tensor:
    """Returns the layers' output; appends each hidden activation's mean size per unit."""
    kinds = tuple(ACTIVATIONS.values())
    output_is_action = isinstance(layers[-1], nn.Tanh) and isinstance(layers[-2], nn.Linear)
    for layer in layers:
        inputs = layer(inputs)
        if isinstance(layer, kinds) and not (layer is layers[-1] and output_is_action):
            others = [axis for axis in range(inputs.dim()) if axis != 1]
            units.append(inputs.abs().mean(others))
    return inputs
