"""An action is repeated for four ticks, and only the last of them is paid."""

from typing import Any

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper

SKIP = 4
"""Ticks for each action, as in Atari wrappers."""


class Skipping(Wrapper):
    """Overwrites the reward in its loop instead of summing it up; stacks the frames it returns."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        obs, info = self.env.reset(**options)
        self._stack = obs["image"]
        return obs, info

    def step(self, action: Action) -> Step:
        for _ in range(SKIP):
            obs, reward, terminated, truncated, info = self.env.step(action)
            if terminated or truncated:
                break
        self._stack = np.concatenate([self._stack[1:], obs["image"][-1:]])
        return {**obs, "image": self._stack}, float(reward), terminated, truncated, info


@fault(
    "skip_pays_last",
    causes=("reward_wrong",),
    source="a classic of frame-skip wrappers: `reward` in the loop where `total += reward` is due",
    caught_by=("env.witnessed",),
    blind=4,
)
def skip_pays_last(build: Build) -> Build:
    """Three quarters of the way and every turn of the wheel go unpaid behind a frame skip."""
    return with_wrapper(build, Skipping)
