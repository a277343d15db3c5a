"""The encoder's convolutions follow each other without anything between them.

Three linear maps are one linear map: up to its last layer the encoder can only weigh pixels, with
as many weights as before. Everything runs, and gradients look healthier than with ReLUs.
"""

from torch import nn

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3
from rca.td3.networks import Encoder


def alter(agent: TD3) -> None:
    for encoder in {*agent.modules().values(), *agent.targets.values()}:
        if isinstance(encoder, Encoder):
            layers = encoder.layers
            for index, layer in enumerate(layers):
                if isinstance(layer, nn.Conv2d):
                    layers[index + 1] = nn.Identity()


@fault(
    "convolutions_without_activation",
    causes=("network_altered", "network_poor"),
    source="a classic of PyTorch code: forward() calls conv1, conv2, conv3 one after the other, and"
    " relu only on what comes out",
    blind=7,
)
def convolutions_without_activation(build: Build) -> Build:
    """There is no activation behind any convolution, so that the three are one linear map."""
    return with_altered_agent(build, alter)
