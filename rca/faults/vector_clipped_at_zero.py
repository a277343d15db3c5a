"""The vector is clipped to [0, 1], as if everything in it were a distance.

What lies to the left is 0: an offset or a heading error to that side looks like none, and a bend to
the left looks straight. To the right all is well.
"""

from typing import Any

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper


def positive(obs: Any) -> Any:
    """Returns an observation whose vector has no negative number."""
    return {**obs, "vector": np.clip(obs["vector"], 0.0, 1.0)}


class Positive(Wrapper):
    """Keeps the vector within the bounds of an observation space of another project."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        obs, info = self.env.reset(**options)
        return positive(obs), info

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        return positive(obs), float(reward), terminated, truncated, info


@fault(
    "vector_clipped_at_zero",
    causes=("observation_wrong",),
    source="a classic of Gym environments: Box(low=0, high=1) for all, and np.clip to its bounds"
    " when a check complains of values outside",
    blind=7,
)
def vector_clipped_at_zero(build: Build) -> Build:
    """All that is negative in the vector, everything to the left, is observed as 0."""
    return with_wrapper(build, Positive)
