"""The critics' errors are averaged first and squared afterwards.

Errors of both signs cancel within a batch. The loss is small as soon as values are right on the
average; which state or action is better than another is nothing that it asks for.
"""

from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3


class Averaging(TD3):
    """Has a bracket in the wrong place."""

    def _critic_loss(self, q1: Tensor, q2: Tensor, target: Tensor) -> Tensor:
        first, second = ((q - target).mean().square() for q in (q1, q2))
        return first + second


@fault(
    "mean_before_square",
    causes=("loss_wrong",),
    source="a classic of hand-written losses: (q - target).mean() ** 2",
    caught_by=("wiring.recomputed", "wiring.squared_error"),
    blind=5,
)
def mean_before_square(build: Build) -> Build:
    """The critics' loss is the square of the mean error, not the mean of the squared ones."""
    return with_agent(build, Averaging)
