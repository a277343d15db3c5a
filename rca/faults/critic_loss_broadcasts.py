"""Each value is compared with every target of the batch."""

from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3


class Broadcasting(TD3):
    """Subtracts [batch] from [batch, 1], which gives [batch, batch]."""

    def _critic_loss(self, q1: Tensor, q2: Tensor, target: Tensor) -> Tensor:
        first, second = ((q.unsqueeze(1) - target).square().mean() for q in (q1, q2))
        return first + second


@fault(
    "critic_loss_broadcasts",
    causes=("loss_wrong",),
    caught_by=("wiring.squared_error",),
    source="a classic of PyTorch code: [batch, 1] against [batch] in a squared error",
    blind=1,
)
def critic_loss_broadcasts(build: Build) -> Build:
    """The critics' loss compares each value with every target of the batch."""
    return with_agent(build, Broadcasting)
