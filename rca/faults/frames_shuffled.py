"""The frames of a stack come in random order."""

import torch
from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3


class Shuffling(TD3):
    """Mixes the frames of what it learns from."""

    def _pixels(self, image: Tensor) -> Tensor:
        order = torch.randperm(image.shape[1], generator=self.smoothing)
        return super()._pixels(image[:, order])


@fault(
    "frames_shuffled",
    causes=("frames_wrong",),
    caught_by=("wiring.frames",),
    source="signals.md, faults on pixels",
)
def frames_shuffled(build: Build) -> Build:
    """The frames of a stack come in random order."""
    return with_agent(build, Shuffling)
