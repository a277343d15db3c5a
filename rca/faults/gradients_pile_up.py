"""Gradients are never set back to zero."""

import torch

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3


class Piling(torch.optim.Adam):
    """Keeps the gradients of all updates before."""

    def zero_grad(self, set_to_none: bool = True) -> None:
        pass


class Forgetful(TD3):
    """Steps along the sum of all gradients so far."""

    def _adam(self, *names: str) -> torch.optim.Adam:
        return Piling(super()._adam(*names).param_groups, fused=True)


@fault(
    "gradients_pile_up",
    causes=("gradients_pile_up",),
    caught_by=("wiring.steps",),
    source="a classic of PyTorch code: zero_grad() left out",
    blind=1,
)
def gradients_pile_up(build: Build) -> Build:
    """Gradients are never set back to zero and pile up."""
    return with_agent(build, Forgetful)
