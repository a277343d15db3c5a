"""Pixels go in as 0 to 255."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3
from rca.td3.networks import Encoder


def alter(agent: TD3) -> None:
    for encoder in {*agent.modules().values(), *agent.targets.values()}:
        if isinstance(encoder, Encoder):
            encoder.layers[0].register_forward_pre_hook(lambda module, pixels: (255 * pixels[0],))


@fault(
    "image_unscaled",
    causes=("image_unscaled",),
    caught_by=("wiring.inputs",),
    source="signals.md, faults on pixels",
)
def image_unscaled(build: Build) -> Build:
    """Pixels go in as 0 to 255."""
    return with_altered_agent(build, alter)
