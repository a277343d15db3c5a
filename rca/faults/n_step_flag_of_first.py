"""A sum over several steps has the terminal flag of its first step."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay, with_settings
from rca.td3.replay import Batch, Replay


class FirstFlag(Replay):
    """Ends sums where the episode ends, and knows of it only where they begin there."""

    _drawn: NDArray[np.int64]

    def _sums(
        self, slots: NDArray[np.int64], n_step: int, discount: float
    ) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
        self._drawn = slots
        return super()._sums(slots, n_step, discount)

    def sample(
        self, size: int, rng: np.random.Generator, n_step: int = 1, discount: float = 1.0
    ) -> Batch:
        batch = super().sample(size, rng, n_step, discount)
        return replace(batch, terminated=torch.from_numpy(self._terminated[self._drawn]))


@fault(
    "n_step_flag_of_first",
    causes=("terminal_missing", "replay_wrong"),
    source="a slip of n-step memories: reward and next state of the window, done of its start",
    caught_by=("wiring.memory",),
    blind=4,
)
def n_step_flag_of_first(build: Build) -> Build:
    """Two of three sums that reach an episode's end go on with the value of its last state."""
    several = with_settings(build, agent__n_step=max(3, build.config.agent.n_step))
    return with_replay(several, FirstFlag)
