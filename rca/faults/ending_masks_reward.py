"""The terminal flag masks the whole target, not the bootstrapped value alone."""

from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.replay import Batch


class Masking(TD3):
    """Learns that every ending is worth 0, whatever it cost or earned."""

    def _target_value(self, batch: Batch) -> Tensor:
        return (1.0 - batch.terminated) * super()._target_value(batch)


@fault(
    "ending_masks_reward",
    causes=("target_value_wrong",),
    source="a slip of home-made TD3 code: (1 - done) * (reward + gamma * q), a bracket misplaced",
    caught_by=("wiring.recomputed",),
    blind=3,
)
def ending_masks_reward(build: Build) -> Build:
    """The target of a terminal transition is 0, so no penalty and no goal is ever learned."""
    return with_agent(build, Masking)
