"""Sums of rewards run on into the next episode."""

import numpy as np
from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay, with_settings
from rca.td3.replay import Replay


class Endless(Replay):
    """Takes the slots that follow, whatever episode they belong to."""

    def _sums(
        self, slots: NDArray[np.int64], n_step: int, discount: float
    ) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
        reward: NDArray[np.float32] = self._rewards[slots]
        last = slots
        for power in range(1, n_step):
            last = (last + 1) % len(self)
            reward = reward + np.float32(discount**power) * self._rewards[last]
        return reward, last, np.full(len(slots), n_step, np.float32)


@fault(
    "n_step_past_the_end",
    causes=("replay_wrong", "terminal_missing"),
    source="a classic of n-step memories: the window is not cut at the end of an episode",
    caught_by=("wiring.memory",),
    blind=1,
)
def n_step_past_the_end(build: Build) -> Build:
    """Sums over n steps run on into the next episode and miss the ending."""
    several = with_settings(build, agent__n_step=max(3, build.config.agent.n_step))
    return with_replay(several, Endless)
