"""One update in fifty takes place."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.events import Emit
from rca.td3.replay import Batch


class Lazy(TD3):
    """Skips 49 of 50 updates."""

    _asked = 0

    def update(self, batch: Batch, emit: Emit, step: int) -> None:
        self._asked += 1
        if self._asked % 50 == 0:
            super().update(batch, emit, step)


@fault(
    "updates_few",
    causes=("update_ratio_wrong",),
    caught_by=("updates.replay_ratio",),
    source="signals.md, replay ratio",
)
def updates_few(build: Build) -> Build:
    """One update in fifty takes place."""
    return with_agent(build, Lazy)
