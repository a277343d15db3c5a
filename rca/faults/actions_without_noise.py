"""The policy's own action is stored, not the noisy one that was executed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent, with_replay
from rca.td3.agent import TD3
from rca.td3.replay import Obs, Replay


@fault(
    "actions_without_noise",
    causes=("action_path_wrong",),
    caught_by=("wiring.actions",),
    source="seen in forks: stored before exploration noise is added",
)
def actions_without_noise(build: Build) -> Build:
    """The policy's own action is stored, not the noisy one that was executed."""
    meant: list[NDArray[np.float32]] = []

    class Exploring(TD3):
        def act(self, obs: Obs, noise: float, rng: np.random.Generator) -> NDArray[np.float32]:
            if noise > 0:
                meant[:] = [super().act(obs, 0.0, rng)]
            return super().act(obs, noise, rng)

    class Meant(Replay):
        def add(self, action: NDArray[Any], reward: float, next_obs: Obs, terminated: bool) -> None:
            super().add(meant.pop() if meant else action, reward, next_obs, terminated)

    return with_replay(with_agent(build, Exploring), Meant)
