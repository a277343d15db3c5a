"""A sum over several steps is stored beside the action of its last step.

The window's oldest state, the whole sum and the newest next state are right; the action was taken
two steps later, in another state, and is credited with rewards that came before it.
"""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay, with_settings
from rca.td3.replay import Batch, Replay


class LastAction(Replay):
    """Takes the action from the wrong end of the window."""

    _ends: NDArray[np.int64]

    def _sums(
        self, slots: NDArray[np.int64], n_step: int, discount: float
    ) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
        reward, self._ends, steps = super()._sums(slots, n_step, discount)
        return reward, self._ends, steps

    def sample(
        self, size: int, rng: np.random.Generator, n_step: int = 1, discount: float = 1.0
    ) -> Batch:
        batch = super().sample(size, rng, n_step, discount)
        return replace(batch, action=torch.from_numpy(self._actions[self._ends]))


@fault(
    "n_step_action_of_last",
    causes=("replay_wrong",),
    source="a classic of n-step deques: state of window[0], and action of the step just taken",
    caught_by=("wiring.memory", "wiring.rewards"),
    blind=5,
)
def n_step_action_of_last(build: Build) -> Build:
    """The action beside an n-step sum is that of the window's last step, not of its first."""
    several = with_settings(build, agent__n_step=max(3, build.config.agent.n_step))
    return with_replay(several, LastAction)
