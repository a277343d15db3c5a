"""The vector observation is in metres and metres per second."""

from typing import Any

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper

SCALE = np.array([20.0, 2.5, np.pi] + [40.0] * 20, np.float32)
"""Of the default observation: m/s, m, rad, then metres (rca.envs.driving.DrivingEnv)."""


def raw(obs: Any) -> Any:
    """Returns an observation with its vector in physical units."""
    return {**obs, "vector": obs["vector"] * SCALE[: len(obs["vector"])]}


class Raw(Wrapper):
    """Undoes the scaling of the vector."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        obs, info = self.env.reset(**options)
        return raw(obs), info

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        return raw(obs), float(reward), terminated, truncated, info


@fault(
    "vector_unscaled",
    causes=("observation_unscaled",),
    caught_by=("wiring.inputs",),
    source="defect D15",
)
def vector_unscaled(build: Build) -> Build:
    """The vector observation is in metres and metres per second."""
    return with_wrapper(build, Raw)
