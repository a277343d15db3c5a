"""Steering is reversed in training, not in evaluation."""

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper


class Reversed(Wrapper):
    """Steers the other way."""

    def step(self, action: Action) -> Step:
        return self.env.step(action * np.array([-1, 1], np.float32))


@fault(
    "steer_sign",
    causes=("action_path_wrong",),
    caught_by=("env.action_path",),
    source="signals.md, faults on driving",
)
def steer_sign(build: Build) -> Build:
    """Steering is reversed in training, not in evaluation."""
    return with_wrapper(build, Reversed, evaluation=False)
