"""Half of the sampled images are mirrored, and steering and vector are not."""

import torch
from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3


class Mirroring(TD3):
    """Augments what it learns from as if left and right were the same."""

    def _pixels(self, image: Tensor) -> Tensor:
        drawn = torch.rand((len(image), 1, 1, 1), generator=self.smoothing) < 0.5
        return super()._pixels(torch.where(drawn.to(image.device), image.flip(3), image))


@fault(
    "images_mirrored",
    causes=("frames_wrong",),
    source="RandomHorizontalFlip of image classification kept for driving, actions not mirrored",
    caught_by=("wiring.recomputed",),
    blind=3,
)
def images_mirrored(build: Build) -> Build:
    """Sampled images are mirrored at random, their actions and vectors are not."""
    return with_agent(build, Mirroring)
