"""The memory keeps what the car was told, in the car's units, where the action is due.

A pedal of -1 is a brake of `max_brake` and is stored as such: the critics know no action near -1,
and the actor, whose output is in the other units, is led where nothing was ever tried.
"""

from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from rca.build import Build
from rca.config import RunConfig
from rca.faults import fault
from rca.td3.networks import Shapes
from rca.td3.replay import Obs, Replay


class StoresControls(Replay):
    """Stores throttle less brake for the pedal."""

    max_brake: float

    def add(self, action: NDArray[Any], reward: float, next_obs: Obs, terminated: bool) -> None:
        control = action.copy()
        control[-1] = max(action[-1], 0.0) - self.max_brake * max(-action[-1], 0.0)
        super().add(control, reward, next_obs, terminated)


def make_replay(config: RunConfig, shapes: Shapes) -> Replay:
    replay = StoresControls(config.agent.buffer_size, shapes)
    replay.max_brake = config.env.max_brake
    return replay


@fault(
    "controls_stored_for_actions",
    causes=("action_path_wrong", "replay_wrong"),
    source="a slip of CARLA trainers: control = vehicle.get_control() is stored as the action, for"
    " the sake of what was really executed",
    blind=7,
)
def controls_stored_for_actions(build: Build) -> Build:
    """Braking is stored as the brake's position, a fifth of the action that asked for it."""
    return replace(build, make_replay=make_replay)
