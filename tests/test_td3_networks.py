"""Networks: sizes, the named initialisation, and which environments they fit."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from torch import nn

from rca.config import AgentConfig
from rca.errors import UsageError
from rca.td3.networks import ACTOR_GAIN, Actor, Encoder, Shapes, orthogonal, scaled
from tests.tiny_env import Pointing

CONFIG = AgentConfig()


@pytest.mark.parametrize(("size", "left"), [(36, 1), (48, 2), (64, 4), (84, 7)])
def test_the_encoder_fits_image_sizes(size, left):
    encoder = Encoder((4, size, size), CONFIG)
    linear = encoder.layers[7]
    assert isinstance(linear, nn.Linear)
    assert linear.in_features == 64 * left * left
    image = torch.zeros(2, 4, size, size, dtype=torch.uint8)
    assert encoder(image).shape == (2, 512)


def test_pixels_are_scaled_inside():
    encoder = Encoder((2, 36, 36), CONFIG)
    image = torch.randint(256, (3, 2, 36, 36), dtype=torch.uint8)
    expected = encoder.layers(image.to(torch.float32) / 255)
    torch.testing.assert_close(encoder(image), expected)
    torch.testing.assert_close(encoder(scaled(image)), expected)


def test_initial_weights_are_orthogonal_and_drawn_from_the_generator_alone():
    def drawn(seed):
        network = Encoder((4, 48, 48), CONFIG)
        orthogonal(network, torch.Generator().manual_seed(seed), None)
        return network

    first, again, other = drawn(1), drawn(1), drawn(2)
    for a, b, c in zip(first.parameters(), again.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert a.ndim == 1 or not torch.equal(a, c)
    convolution = first.layers[0]
    assert isinstance(convolution, nn.Conv2d)
    rows = convolution.weight.flatten(1)
    torch.testing.assert_close(rows @ rows.T, 2 * torch.eye(32), atol=1e-5, rtol=0)
    assert all(torch.all(p == 0) for p in first.parameters() if p.ndim == 1)


def test_first_actions_are_small():
    actor = Actor(Shapes((2, 36, 36), 3, 2), CONFIG)
    orthogonal(actor, torch.Generator().manual_seed(0), ACTOR_GAIN)
    actions = actor(torch.rand(100, 512), torch.rand(100, 3))
    assert actions.abs().max() < 0.2


def test_shapes_of_a_fitting_environment():
    assert Shapes.of(Pointing(size=40, frames=3)) == Shapes((3, 40, 40), 3, 2)


@pytest.mark.parametrize(
    ("env", "message"),
    [
        (gym.make("CartPole-v1"), "needs image and vector"),
        (Pointing(size=35), "at least 36 pixels"),
        (gym.wrappers.RescaleAction(Pointing(), np.float32(0), np.float32(1)), r"Box\(-1, 1\)"),
    ],
)
def test_an_environment_that_does_not_fit_is_refused(env, message):
    with pytest.raises(UsageError, match=message):
        Shapes.of(env)
