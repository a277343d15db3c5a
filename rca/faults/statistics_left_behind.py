"""Encoders have batch normalisation, and the targets' running statistics are never updated."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rca.build import Build
from rca.config import AgentConfig
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.networks import Encoder, Shapes
from rca.td3.replay import Obs


def normalise(encoder: Encoder) -> None:
    """Puts a batch normalisation behind each of the first two convolutions."""
    for index in (2, 0):
        convolution = encoder.layers[index]
        assert isinstance(convolution, nn.Conv2d)
        encoder.layers.insert(index + 1, nn.BatchNorm2d(convolution.out_channels))


class Normalised(TD3):
    """Averages the weights of targets, which are in evaluation mode, and not their buffers."""

    def __init__(
        self,
        config: AgentConfig,
        shapes: Shapes,
        *,
        init: torch.Generator,
        smoothing: torch.Generator,
    ) -> None:
        super().__init__(config, shapes, init=init, smoothing=smoothing)
        normalise(self.critic_encoder)
        if self.actor_encoder is not self.critic_encoder:
            normalise(self.actor_encoder)
        self.targets = self._copies()
        for name, target in self.targets.items():
            if target is not getattr(self, name):
                target.eval()
        self.actor_optimizer, self.critic_optimizer = (
            self._adam(*(group["name"] for group in optimizer.param_groups))
            for optimizer in (self.actor_optimizer, self.critic_optimizer)
        )

    def act(self, obs: Obs, noise: float, rng: np.random.Generator) -> NDArray[np.float32]:
        self.actor_encoder.eval()
        action = super().act(obs, noise, rng)
        self.actor_encoder.train()
        return action

    def value(self, obs: Obs, action: NDArray[np.float32]) -> float:
        self.critic_encoder.eval()
        value = super().value(obs, action)
        self.critic_encoder.train()
        return value


@fault(
    "statistics_left_behind",
    causes=("target_wrong",),
    source="Stable-Baselines3 issue 996: running_mean and running_var are no parameters",
    caught_by=("wiring.targets",),
    blind=2,
)
def statistics_left_behind(build: Build) -> Build:
    """Target encoders keep the first running statistics of their batch normalisation."""
    return with_agent(build, Normalised)
