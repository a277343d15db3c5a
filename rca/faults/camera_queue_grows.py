"""Each reset leaves a camera image in the queue, and a step takes the oldest one out.

The picture falls behind by one more step with every episode, while speed and route points are of
now. After twenty resets it is a second old, and an episode begins with pictures of the last one.
"""

from collections import deque
from typing import Any

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper
from rca.td3.train import Env

LEFT = 1
"""Images more in the queue after each reset: that of the tick which moves the car."""


class Undrained(Wrapper):
    """Stacks frames out of a queue that resets put more into than they take."""

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self._queue: deque[Any] = deque()

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        obs, info = self.env.reset(**options)
        self._queue.extend([obs["image"][-1]] * (1 + LEFT))
        self._stack = np.stack([self._queue.popleft()] * len(obs["image"]))
        return {**obs, "image": self._stack}, info

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        self._queue.append(obs["image"][-1])
        self._stack = np.concatenate([self._stack[1:], self._queue.popleft()[None]])
        return {**obs, "image": self._stack}, float(reward), terminated, truncated, info


@fault(
    "camera_queue_grows",
    causes=("frames_wrong",),
    source="a classic of CARLA clients: queue.put as the camera's callback, one get() per tick, and"
    " ticks in the reset without one",
    caught_by=("env.witnessed",),
    blind=6,
)
def camera_queue_grows(build: Build) -> Build:
    """The image falls one step further behind with every reset."""
    return with_wrapper(build, Undrained)
