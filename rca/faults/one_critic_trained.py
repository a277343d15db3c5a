"""Only the first critic is trained."""

from torch import Tensor
from torch.nn import functional

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3


class FirstCriticOnly(TD3):
    """Leaves the second critic as it was drawn."""

    def _critic_loss(self, q1: Tensor, q2: Tensor, target: Tensor) -> Tensor:
        return functional.mse_loss(q1, target)


@fault(
    "one_critic_trained",
    causes=("critic_twin_untrained",),
    caught_by=("critic.twin_gap",),
    source="TD3 paper, section 4.2; RLMutation: incorrect loss",
)
def one_critic_trained(build: Build) -> Build:
    """Only the first critic is trained."""
    return with_agent(build, FirstCriticOnly)
