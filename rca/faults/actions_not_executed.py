"""Other actions are stored than the executed ones."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Obs, Replay


class Planned(Replay):
    """Stores actions with an error of their own."""

    def add(self, action: NDArray[Any], reward: float, next_obs: Obs, terminated: bool) -> None:
        error = np.random.default_rng(len(self)).normal(0.0, 0.7, action.shape)
        super().add(np.clip(action + error, -1, 1), reward, next_obs, terminated)


@fault(
    "actions_not_executed",
    causes=("action_path_wrong",),
    caught_by=("wiring.actions",),
    source="seen in forks: stored before noise and clipping",
)
def actions_not_executed(build: Build) -> Build:
    """Other actions are stored than the executed ones."""
    return with_replay(build, Planned)
