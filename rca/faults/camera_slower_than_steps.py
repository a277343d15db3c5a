"""The camera sends a picture every fifth of a second, the agent acts four times as often.

Three of four steps show the picture of the one before again, so that most stacks hold the same
frame throughout and show no motion, and the rest show four steps' motion as one.
"""

from typing import Any

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper

EVERY = 4
"""Steps between two pictures."""


class SlowCamera(Wrapper):
    """Stacks what the camera has sent last, new or not."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        obs, info = self.env.reset(**options)
        self._steps = 0
        self._stack = obs["image"]
        return obs, info

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        self._steps += 1
        is_new = self._steps % EVERY == 0
        frame = obs["image"][-1] if is_new else self._stack[-1]
        self._stack = np.concatenate([self._stack[1:], frame[None]])
        return {**obs, "image": self._stack}, float(reward), terminated, truncated, info


@fault(
    "camera_slower_than_steps",
    causes=("frames_wrong",),
    source="sensor_tick of CARLA's camera set to 0.2 s to save time, beside fixed_delta_seconds of"
    " 0.05, and a callback that keeps the newest image",
    blind=7,
)
def camera_slower_than_steps(build: Build) -> Build:
    """A new picture comes at every fourth step, and the last one is stacked again in between."""
    return with_wrapper(build, SlowCamera)
