"""Commands pass through a queue in which each waits behind four earlier ones.

What the car does now was decided a fifth of a second ago and is stored with what is decided now.
Nothing in the observation tells which commands are still to come.
"""

from collections import deque
from typing import Any

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper

WAITING = 4
"""Commands in the queue; they are for rolling straight on after a reset."""


class Queued(Wrapper):
    """Executes the oldest command that it has."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        idle = np.zeros(self.env.action_space.shape or (), np.float32)
        self._queue: deque[Action] = deque([idle] * WAITING)
        return self.env.reset(**options)

    def step(self, action: Action) -> Step:
        self._queue.append(action)
        return self.env.step(self._queue.popleft())


@fault(
    "commands_wait_in_queue",
    causes=("action_path_wrong",),
    source="a classic of ROS bridges: a subscriber whose queue_size is not 1, read once per tick",
    blind=7,
)
def commands_wait_in_queue(build: Build) -> Build:
    """The car executes each action four steps after it was chosen and stored."""
    return with_wrapper(build, Queued)
