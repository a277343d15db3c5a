"""The pedal is pulled towards the brake."""

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper


class Dragging(Wrapper):
    """Takes 0.8 off the pedal."""

    def step(self, action: Action) -> Step:
        return self.env.step(np.clip(action - np.array([0, 0.8], np.float32), -1, 1))


@fault(
    "throttle_bias",
    causes=(
        "action_path_wrong",
        "no_net_force",
    ),
    caught_by=("env.action_path",),
    source="defect D01, as a bias",
)
def throttle_bias(build: Build) -> Build:
    """The pedal is pulled towards the brake."""
    return with_wrapper(build, Dragging)
