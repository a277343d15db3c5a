"""An action is stored with the transition after it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Obs, Replay


class Late(Replay):
    """Writes actions one slot late."""

    _last: NDArray[Any] | None = None

    def add(self, action: NDArray[Any], reward: float, next_obs: Obs, terminated: bool) -> None:
        before = np.zeros_like(action) if self._last is None else self._last
        super().add(before, reward, next_obs, terminated)
        self._last = np.array(action)


@fault(
    "action_in_wrong_slot",
    causes=("replay_wrong",),
    caught_by=("wiring.rewards",),
    source="RLMutation: mangled transitions",
)
def action_in_wrong_slot(build: Build) -> Build:
    """An action is stored with the transition after it."""
    return with_replay(build, Late)
