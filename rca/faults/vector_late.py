"""The vector is half a second older than the image beside it."""

from collections import deque
from typing import Any

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper

LAG = 10
"""Steps, half a second."""


class Queued(Wrapper):
    """Reads vectors from a queue that is never drained."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        obs, info = self.env.reset(**options)
        self._queue = deque([obs["vector"]] * LAG, maxlen=LAG)
        return obs, info

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        late = self._queue[0]
        self._queue.append(obs["vector"])
        return {**obs, "vector": late}, float(reward), terminated, truncated, info


@fault(
    "vector_late",
    causes=("frames_wrong",),
    source="a classic of robot software: the oldest message of a queue is taken for the newest",
    caught_by=("env.observation_age",),
    blind=1,
)
def vector_late(build: Build) -> Build:
    """The vector observation is ten steps older than the image."""
    return with_wrapper(build, Queued)
