"""The networks: a NatureCNN encoder, a deterministic actor and twin critics."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import torch
from torch import Tensor, nn

from rca.config import AgentConfig
from rca.errors import UsageError

HIDDEN = (256, 256)
"""Units of the MLPs' hidden layers (Fujimoto's later code; SB3's MlpPolicy has 400, 300)."""
CHANNELS = {"nature": (32, 64, 64), "small": (16, 32, 32)}
"""Output channels of the convolutions; "nature" is Mnih et al. 2015."""
ACTIVATIONS = {"relu": nn.ReLU, "elu": nn.ELU, "tanh": nn.Tanh}
SMALLEST_IMAGE = 36
"""Pixels below which the third convolution has nothing left to see."""
ACTOR_GAIN = 0.01
"""Keeps first actions near zero, where tanh has its slope (Andrychowicz et al. 2021, 3.2)."""


@dataclass(frozen=True)
class Shapes:
    """Sizes of what goes through the networks.

    Attributes:
        image: Frames, height, width. [3]
        vector: Length of the vector observation.
        action: Length of the action.
    """

    image: tuple[int, int, int]
    vector: int
    action: int

    @classmethod
    def of(cls, env: gym.Env[Any, Any]) -> "Shapes":
        """Returns the sizes of an environment's spaces.

        Raises:
            UsageError: The spaces are not Dict(image: uint8 [frames, height, width], vector:
                float [n]) and Box(-1, 1).
        """
        spaces = getattr(env.observation_space, "spaces", {})
        if not isinstance(spaces, Mapping) or not {"image", "vector"} <= spaces.keys():
            raise UsageError(f"observation space {env.observation_space}: needs image and vector")
        image, vector, action = spaces["image"].shape, spaces["vector"].shape, env.action_space
        if len(image) != 3 or spaces["image"].dtype != "uint8" or min(image[1:]) < SMALLEST_IMAGE:
            raise UsageError(
                f"image space {spaces['image']}: needs uint8 [frames, height, width], "
                f"at least {SMALLEST_IMAGE} pixels each way"
            )
        if (
            not isinstance(action, gym.spaces.Box)
            or action.low.min() != -1
            or action.high.max() != 1
        ):
            raise UsageError(f"action space {action}: needs Box(-1, 1); wrap it in RescaleAction")
        return cls(image, vector[0], action.shape[0])


def scaled(image: Tensor) -> Tensor:
    """Returns uint8 pixels as floats in [0, 1], channels last: the fast layout on a CPU."""
    out = torch.empty(image.shape, memory_format=torch.channels_last, device=image.device)
    return out.copy_(image).div_(255.0)


class Encoder(nn.Module):
    """Features of stacked frames (Mnih et al. 2015): three convolutions and a linear layer."""

    def __init__(self, image: tuple[int, int, int], config: AgentConfig) -> None:
        super().__init__()
        frames, height, width = image
        first, second, third = CHANNELS[config.encoder]
        activation = ACTIVATIONS[config.activation]
        self.layers = nn.Sequential(
            nn.Conv2d(frames, first, 8, stride=4),
            activation(),
            nn.Conv2d(first, second, 4, stride=2),
            activation(),
            nn.Conv2d(second, third, 3),
            activation(),
            nn.Flatten(),
            nn.Linear(third * _left(height) * _left(width), config.features),
        )
        if config.layer_norm:
            self.layers.extend([nn.LayerNorm(config.features), nn.Tanh()])
        else:
            self.layers.append(activation())
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, image: Tensor) -> Tensor:
        """Returns features, [batch, features].

        Args:
            image: Pixels, uint8 in [0, 255] or already `scaled`. [batch, frames, height, width]
        """
        pixels = scaled(image) if image.dtype == torch.uint8 else image
        features: Tensor = self.layers(pixels)
        return features


def _left(size: int) -> int:
    """Returns what the three convolutions leave of an edge, pixels."""
    for kernel, stride in ((8, 4), (4, 2), (3, 1)):
        size = (size - kernel) // stride + 1
    return size


class Actor(nn.Module):
    """A deterministic policy: features and vector in, action in [-1, 1] out."""

    def __init__(self, shapes: Shapes, config: AgentConfig) -> None:
        super().__init__()
        inputs = config.features + shapes.vector
        self.layers = nn.Sequential(*_mlp(inputs, shapes.action, config), nn.Tanh())

    def forward(self, features: Tensor, vector: Tensor) -> Tensor:
        """Returns actions, [batch, action]."""
        action: Tensor = self.layers(torch.cat([features, vector], dim=1))
        return action


class TwinCritic(nn.Module):
    """Two independent estimates of an action's value, units of reward."""

    def __init__(self, shapes: Shapes, config: AgentConfig) -> None:
        super().__init__()
        inputs = config.features + shapes.vector + shapes.action
        self.first = nn.Sequential(*_mlp(inputs, 1, config))
        self.second = nn.Sequential(*_mlp(inputs, 1, config))

    def forward(self, features: Tensor, vector: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        """Returns both values, [batch] each."""
        inputs = torch.cat([features, vector, action], dim=1)
        return self.first(inputs).squeeze(1), self.second(inputs).squeeze(1)

    def q1(self, features: Tensor, vector: Tensor, action: Tensor) -> Tensor:
        """Returns the first value, the one that the actor climbs, [batch]."""
        value: Tensor = self.first(torch.cat([features, vector, action], dim=1))
        return value.squeeze(1)


def _mlp(inputs: int, outputs: int, config: AgentConfig) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for width in HIDDEN:
        layers += [nn.Linear(inputs, width), ACTIVATIONS[config.activation]()]
        inputs = width
    return [*layers, nn.Linear(inputs, outputs)]


@torch.no_grad()
def orthogonal(network: nn.Module, generator: torch.Generator, output_gain: float | None) -> None:
    """Sets weights orthogonal (Saxe et al. 2014), as SAC-AE and DrQ-v2 do, and biases zero.

    Args:
        network: Changed in place.
        generator: Source of the random directions.
        output_gain: Of the last layer of an MLP; None in an encoder. All others get sqrt(2), which
            keeps the size of a signal through a ReLU.
    """
    for layers in (part for part in network.modules() if isinstance(part, nn.Sequential)):
        drawn = [layer for layer in layers if isinstance(layer, nn.Linear | nn.Conv2d)]
        for layer in drawn:
            is_last = layer is drawn[-1]
            gain = output_gain if is_last and output_gain is not None else math.sqrt(2)
            weight = nn.init.orthogonal_(torch.empty(layer.weight.shape), gain, generator)
            layer.weight.copy_(weight)
            assert layer.bias is not None
            layer.bias.zero_()
