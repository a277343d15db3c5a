"""The critics' loss has the wrong sign."""

from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3


class Ascending(TD3):
    """Climbs the squared error."""

    def _critic_loss(self, q1: Tensor, q2: Tensor, target: Tensor) -> Tensor:
        return -super()._critic_loss(q1, q2, target)


@fault(
    "critic_loss_sign",
    causes=("critic_diverged",),
    caught_by=("wiring.critic_loss",),
    source="RLMutation: incorrect loss function",
)
def critic_loss_sign(build: Build) -> Build:
    """The critics' loss has the wrong sign."""
    return with_agent(build, Ascending)
