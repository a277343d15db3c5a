"""The network is shown differences of frames, computed in uint8.

A pixel that grows darker by 1 becomes 255, as bright as the largest gain: slight flicker is
blinding, the road that stays where it is is black, and a standing car sees nothing at all.
"""

from typing import Any

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper


class Differences(Wrapper):
    """Subtracts frames without making them signed first, and stacks what comes out."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        obs, info = self.env.reset(**options)
        self._frame = obs["image"][-1]
        self._stack = np.zeros_like(obs["image"])
        return {**obs, "image": self._stack}, info

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        before, self._frame = self._frame, obs["image"][-1]
        difference = self._frame - before  # uint8, modulo 256
        self._stack = np.concatenate([self._stack[1:], difference[None]])
        return {**obs, "image": self._stack}, float(reward), terminated, truncated, info


@fault(
    "frame_differences_wrap",
    causes=("frames_wrong",),
    source="a classic of NumPy code: frame - previous of two uint8 images, as in Pong from pixels",
    caught_by=("env.witnessed",),
    blind=5,
)
def frame_differences_wrap(build: Build) -> Build:
    """Images are differences of frames in uint8, where every negative one wraps to a bright one."""
    return with_wrapper(build, Differences)
