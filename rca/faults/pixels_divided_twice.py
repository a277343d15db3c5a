"""Pixels are divided by 255 once more."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3
from rca.td3.networks import Encoder


def alter(agent: TD3) -> None:
    for encoder in {*agent.modules().values(), *agent.targets.values()}:
        if isinstance(encoder, Encoder):
            encoder.layers.register_forward_pre_hook(lambda module, pixels: (pixels[0] / 255,))


@fault(
    "pixels_divided_twice",
    causes=("image_unscaled",),
    source="a classic of pixel pipelines: a wrapper and the network both scale",
    caught_by=("wiring.inputs", "wiring.recomputed"),
    blind=1,
)
def pixels_divided_twice(build: Build) -> Build:
    """Pixels are divided by 255 twice, so that every image is all but black."""
    return with_altered_agent(build, alter)
