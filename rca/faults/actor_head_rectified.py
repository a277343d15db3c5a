"""The actor's last layer is followed by a ReLU before its tanh.

Its loop over layers applies the activation after each of them, the last one too. No action is ever
negative: the car cannot steer to the left or brake, and an output that has fallen below zero gets
no gradient any more that could bring it back.
"""

import torch
from torch import Tensor, nn

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3
from rca.td3.networks import Actor


class Rectified(nn.Tanh):
    """Squashes what a hidden layer's activation has left."""

    def forward(self, input: Tensor) -> Tensor:
        return torch.tanh(torch.relu(input))


def alter(agent: TD3) -> None:
    for actor in (agent.actor, agent.targets["actor"]):
        assert isinstance(actor, Actor)
        actor.layers[-1] = Rectified()


@fault(
    "actor_head_rectified",
    causes=("network_altered", "units_dead"),
    source="a classic of hand-written MLPs: `for layer in layers: x = relu(layer(x))`, then tanh",
    caught_by=("wiring.recomputed",),
    blind=6,
)
def actor_head_rectified(build: Build) -> Build:
    """The actor's output passes a ReLU before tanh, so that no action is negative."""
    return with_altered_agent(build, alter)
