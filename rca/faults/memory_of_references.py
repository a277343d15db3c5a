"""All vectors of an episode are stored as one array, which holds the last of them."""

from typing import Any

from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Obs, Replay


class Referring(Replay):
    """Keeps the array that is filled in place from step to step, as if without a copy."""

    _shared: list[int]

    def begin(self, obs: Obs) -> None:
        super().begin(obs)
        self._shared = list(self._current)

    def add(self, action: NDArray[Any], reward: float, next_obs: Obs, terminated: bool) -> None:
        super().add(action, reward, next_obs, terminated)
        self._shared.append(self._current[-1])
        self._vectors[self._shared] = next_obs["vector"]


@fault(
    "memory_of_references",
    causes=("replay_wrong",),
    source="a classic of NumPy code: memory.append(obs) of an array that is changed in place",
    caught_by=("wiring.memory",),
    blind=2,
)
def memory_of_references(build: Build) -> Build:
    """Stored vectors are references to one array and change with every later step."""
    return with_replay(build, Referring)
