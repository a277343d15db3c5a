"""The smoothing noise is added to the stored action as well."""

from dataclasses import replace

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.events import Emit
from rca.td3.replay import Batch


class NoisyBatch(TD3):
    """Learns values of actions that were not executed."""

    def update(self, batch: Batch, emit: Emit, step: int) -> None:
        noisy = self._smoothed(batch.action)
        super().update(replace(batch, action=noisy), emit, step)


@fault(
    "smoothing_on_critic_action",
    causes=("smoothing_wrong",),
    caught_by=("wiring.actions",),
    source="TD3 paper, section 5.3; seen in forks",
)
def smoothing_on_critic_action(build: Build) -> Build:
    """The smoothing noise is added to the stored action as well."""
    return with_agent(build, NoisyBatch)
