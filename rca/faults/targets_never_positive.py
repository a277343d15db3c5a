"""The critics' targets are cut off above 0.

Right where every reward is 0 or negative. Here driving well is worth more than 0 nearly everywhere:
all good states and actions get the same value, and only failures can be told apart.
"""

from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.replay import Batch


class NotPositive(TD3):
    """Believes that no return can be above 0."""

    def _target_value(self, batch: Batch) -> Tensor:
        return super()._target_value(batch).clamp(max=0.0)


@fault(
    "targets_never_positive",
    causes=("target_value_wrong",),
    source="clip_pos_returns of Baselines' HER, made for rewards of -1 and 0, kept for other ones",
    caught_by=("wiring.recomputed",),
    blind=5,
)
def targets_never_positive(build: Build) -> Build:
    """The critics' targets are clipped to at most 0, though most of the rewards are positive."""
    return with_agent(build, NotPositive)
