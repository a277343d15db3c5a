"""The training environment equalises the histogram of each frame, the evaluation's does not.

A wrapper is put around the one and forgotten around the other. The policy is judged on pictures
whose greys it has never seen, and evaluations say little about what was learned.
"""

from typing import Any

import cv2
import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper


class Equalised(Wrapper):
    """Spreads the greys of every frame evenly over 0 to 255."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        obs, info = self.env.reset(**options)
        return _equalised(obs), info

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        return _equalised(obs), float(reward), terminated, truncated, info


def _equalised(obs: dict[str, Any]) -> dict[str, Any]:
    return {**obs, "image": np.stack([cv2.equalizeHist(frame) for frame in obs["image"]])}


@fault(
    "equalised_in_training_only",
    causes=("acts_on_another_input", "frames_wrong"),
    source="a classic of evaluation scripts: a wrapper of make_env that the evaluation's own"
    " gym.make lacks",
    caught_by=("env.witnessed",),
    blind=6,
)
def equalised_in_training_only(build: Build) -> Build:
    """Images are preprocessed in training and raw in evaluation."""
    return with_wrapper(build, Equalised, evaluation=False)
