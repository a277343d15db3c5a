"""Once the memory is full, the newest transition is overwritten instead of the oldest.

All that is learned from is then what was stored first, and one transition more.
"""

from typing import Any

from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay, with_settings
from rca.td3.replay import Obs, Replay

CAPACITY = 800
"""Full before the random phase of the benchmark's runs is over."""


class Stuck(Replay):
    """Its pointer stays at the last slot, once it has come there."""

    def add(self, action: NDArray[Any], reward: float, next_obs: Obs, terminated: bool) -> None:
        if self._added >= self.capacity:
            self._added = 2 * self.capacity - 1
        super().add(action, reward, next_obs, terminated)


@fault(
    "newest_slot_overwritten",
    causes=("replay_wrong",),
    caught_by=("wiring.memory",),
    source="a ring's pointer held at its end, min(pointer + 1, size - 1), where it is to wrap",
)
def newest_slot_overwritten(build: Build) -> Build:
    """Once the memory is full, the newest transition is overwritten instead of the oldest."""
    capacity = min(CAPACITY, build.config.agent.buffer_size)
    return with_replay(with_settings(build, agent__buffer_size=capacity), Stuck)
