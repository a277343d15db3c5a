"""One control object is kept, and each pedal keeps its position until it is pressed anew.

A pedal action sets the throttle or the brake and leaves the other as it was. After the first touch
of the brake the car drives against it, after the first throttle it brakes against the engine, and
the same action in the same observation has another effect each time.
"""

from typing import Any

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Wrapper, with_wrapper
from rca.td3.train import Env


class OneControl(Wrapper):
    """Sets one of two pedals where it should set both."""

    _throttle = _brake = 0.0

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        rig: Any = env.unwrapped.rig  # type: ignore[attr-defined]
        drive = rig.drive

        def kept(throttle: float, steer: float, brake: float) -> Any:
            if brake > 0:
                self._brake = brake
            else:
                self._throttle = throttle
            return drive(self._throttle, steer, self._brake)

        rig.drive = kept


@fault(
    "pedals_never_released",
    causes=("action_path_wrong",),
    source="a slip of CARLA environments: `if a > 0: control.throttle = a else: control.brake = -a`"
    " on one VehicleControl that is made in __init__",
    caught_by=("env.witnessed",),
    blind=6,
)
def pedals_never_released(build: Build) -> Build:
    """Throttle does not release the brake, and the brake does not release the throttle."""
    return with_wrapper(build, OneControl)
