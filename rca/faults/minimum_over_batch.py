"""The smaller of two values is taken over the whole batch, not for each transition."""

import torch
from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3


class OneMinimum(TD3):
    """Stacks both critics' values and forgets to say along which axis."""

    def _clipped_double(self, q1: Tensor, q2: Tensor) -> Tensor:
        return torch.stack([q1, q2]).min().expand_as(q1)


@fault(
    "minimum_over_batch",
    causes=("target_value_wrong",),
    source="a classic of PyTorch code: torch.min(stacked) without its dim is a single number",
    caught_by=("wiring.recomputed", "wiring.rewards"),
    blind=4,
)
def minimum_over_batch(build: Build) -> Build:
    """Every next state of a batch is given the value of the worst of them."""
    return with_agent(build, OneMinimum)
