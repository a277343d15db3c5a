"""The larger of the two target values is used."""

import torch
from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3


class Optimist(TD3):
    """Takes the larger value."""

    def _clipped_double(self, q1: Tensor, q2: Tensor) -> Tensor:
        return torch.maximum(q1, q2)


@fault(
    "max_of_critics",
    causes=(
        "critic_overestimates",
        "critic_diverged",
    ),
    caught_by=("wiring.twin_minimum",),
    source="TD3 paper, section 4.2, turned round",
)
def max_of_critics(build: Build) -> Build:
    """The larger of the two target values is used."""
    return with_agent(build, Optimist)
