"""The memory keeps the vector in the image's data type."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Replay


class Bytes(Replay):
    """Cuts numbers in [-1, 1] down to whole ones: nearly all become 0, and -1 becomes 255."""

    def _store(self, frame: NDArray[Any], vector: NDArray[Any]) -> int:
        whole = np.trunc(vector).astype(np.int16)
        return super()._store(frame, whole.astype(np.uint8))


@fault(
    "vectors_as_bytes",
    causes=("acts_on_another_input", "replay_wrong"),
    source="a slip of memories for pixels: dtype=np.uint8 for every part of the observation",
    caught_by=("wiring.memory",),
    blind=3,
)
def vectors_as_bytes(build: Build) -> Build:
    """The memory stores vectors as uint8, so that zeros are learned from and numbers acted on."""
    return with_replay(build, Bytes)
