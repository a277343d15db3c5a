"""Actions are stored before they are clipped to what can be executed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent, with_replay
from rca.td3.agent import TD3
from rca.td3.replay import Obs, Replay


@fault(
    "actions_before_clipping",
    causes=("action_path_wrong",),
    caught_by=("replay.action_range",),
    source="seen in forks: np.clip in the call of env.step alone",
)
def actions_before_clipping(build: Build) -> Build:
    """Actions are stored before they are clipped to what can be executed."""
    wished: list[NDArray[np.float32]] = []

    class Exploring(TD3):
        def act(self, obs: Obs, noise: float, rng: np.random.Generator) -> NDArray[np.float32]:
            if not noise > 0:
                return super().act(obs, noise, rng)
            added = rng.normal(0.0, noise, size=self.shapes.action)
            action = (super().act(obs, 0.0, rng) + added).astype(np.float32)
            wished[:] = [action]
            return np.clip(action, -1.0, 1.0)

    class Wished(Replay):
        def add(self, action: NDArray[Any], reward: float, next_obs: Obs, terminated: bool) -> None:
            super().add(wished.pop() if wished else action, reward, next_obs, terminated)

    return with_replay(with_agent(build, Exploring), Wished)
