"""Batches are drawn over the memory's whole capacity, of which little is filled yet."""

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.networks import Shapes
from rca.td3.replay import Batch, Replay


class Hollow(Replay):
    """Is reserved with zeros and draws from all its slots, written or not."""

    def __init__(self, capacity: int, shapes: Shapes) -> None:
        super().__init__(capacity, shapes)
        for column in (self._actions, self._rewards, self._terminated):
            column.fill(0)
        self._frames[-1] = 0  # row -1, to which empty slots point
        self._vectors[-1] = 0

    def sample(
        self, size: int, rng: np.random.Generator, n_step: int = 1, discount: float = 1.0
    ) -> Batch:
        added, self._added = self._added, max(self._added, self.capacity)
        try:
            return super().sample(size, rng, n_step, discount)
        finally:
            self._added = added


@fault(
    "empty_slots_sampled",
    causes=("replay_wrong",),
    source="a classic of home-made memories: np.random.randint(0, capacity) before they are full",
    caught_by=("wiring.actions",),
    blind=3,
)
def empty_slots_sampled(build: Build) -> Build:
    """Batches consist almost wholly of slots of the memory that were never written."""
    return with_replay(build, Hollow)
