"""Images with their channels last are reshaped to channels first instead of transposed."""

from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3
from rca.td3.networks import Encoder


def reshaped(pixels: Tensor) -> Tensor:
    """Returns pixels read as [channels, height, width] in the order [height, width, channels]."""
    return pixels.permute(0, 2, 3, 1).reshape(pixels.shape)


def alter(agent: TD3) -> None:
    for encoder in {*agent.modules().values(), *agent.targets.values()}:
        if isinstance(encoder, Encoder):
            encoder.layers.register_forward_pre_hook(lambda module, pixels: (reshaped(pixels[0]),))


@fault(
    "channels_reshaped",
    causes=("frames_wrong", "network_altered"),
    source="a classic of PyTorch code: view() or reshape() where permute() is due",
    caught_by=("wiring.recomputed",),
    blind=3,
)
def channels_reshaped(build: Build) -> Build:
    """Images are reshaped where they should be transposed: frames, rows and columns mix."""
    return with_altered_agent(build, alter)
