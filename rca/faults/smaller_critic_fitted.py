"""The critics' loss takes the smaller of their two values, as the target does.

In each transition only the critic that says less is moved. The one that says more, which is the
first critic in half of all cases, is left where it is, and the actor climbs what nobody corrects.
"""

import torch
from torch import Tensor
from torch.nn import functional

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3


class SmallerFitted(TD3):
    """Takes the minimum on both sides of the temporal difference."""

    def _critic_loss(self, q1: Tensor, q2: Tensor, target: Tensor) -> Tensor:
        return functional.mse_loss(torch.minimum(q1, q2), target)


@fault(
    "smaller_critic_fitted",
    causes=("loss_wrong", "critic_twin_untrained", "critic_overestimates"),
    source="a slip of home-made TD3 and SAC code: a critic whose forward returns min(q1, q2), used"
    " for the target and for the loss",
    caught_by=("wiring.recomputed",),
    blind=6,
)
def smaller_critic_fitted(build: Build) -> Build:
    """The critics' loss fits the smaller of the two values and leaves the larger one alone."""
    return with_agent(build, SmallerFitted)
