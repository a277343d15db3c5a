"""Errors of the critics are clamped to [-1, 1] before they are squared."""

from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3

BOUND = 1.0
"""Of an error, as Mnih et al. 2015 clip "the error term from the update"."""


class Clamped(TD3):
    """Clips the error and not its gradient, which is 0 beyond the bound."""

    def _critic_loss(self, q1: Tensor, q2: Tensor, target: Tensor) -> Tensor:
        first, second = ((q - target).clamp(-BOUND, BOUND).square().mean() for q in (q1, q2))
        return first + second


@fault(
    "errors_clamped",
    causes=("loss_wrong",),
    source="OpenAI Baselines: DQN (2017): clipping the objective leaves large errors no gradient",
    caught_by=("wiring.recomputed",),
    blind=4,
)
def errors_clamped(build: Build) -> Build:
    """The critics learn nothing from a transition whose error is larger than 1."""
    return with_agent(build, Clamped)
