"""Each environment normalises the vector by a running mean and deviation of its own.

Those of training are of all that was driven, those of evaluation begin at nothing: the same number
stands for another speed or offset there, and what was stored early in training for another again.
"""

from typing import Any

import numpy as np
from gymnasium.wrappers.utils import RunningMeanStd

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper
from rca.td3.train import Env

BOUND = 10.0
"""Deviations from the mean beyond which a number is cut off, as in VecNormalize."""


class Normalised(Wrapper):
    """Counts every vector in before it normalises it."""

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        spaces: Any = env.observation_space
        self.statistics = RunningMeanStd(shape=spaces["vector"].shape)  # type: ignore[no-untyped-call]

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        obs, info = self.env.reset(**options)
        return self._normalised(obs), info

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        return self._normalised(obs), float(reward), terminated, truncated, info

    def _normalised(self, obs: Any) -> Any:
        known = self.statistics
        known.update(obs["vector"][None])  # type: ignore[no-untyped-call]
        vector = (obs["vector"] - known.mean) / np.sqrt(known.var + 1e-8)
        return {**obs, "vector": np.clip(vector, -BOUND, BOUND).astype(np.float32)}


@fault(
    "evaluation_on_its_own_statistics",
    causes=("acts_on_another_input", "observation_wrong"),
    source="Stable-Baselines3's VecNormalize: an evaluation environment that is wrapped anew"
    " instead of given the training one's statistics",
    blind=7,
)
def evaluation_on_its_own_statistics(build: Build) -> Build:
    """Vectors are normalised by running statistics, and evaluation has not those of training."""
    return with_wrapper(build, Normalised)
