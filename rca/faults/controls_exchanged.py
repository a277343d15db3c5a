"""Steering goes to the pedals and the pedals to the steering."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper


class Exchanged(Wrapper):
    """Mixes the controls up behind the place where the action is reported."""

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action[::-1].copy())
        if "applied" in info:
            info = {**info, "applied": tuple(float(part) for part in action)}
        return obs, float(reward), terminated, truncated, info


@fault(
    "controls_exchanged",
    causes=("action_path_wrong",),
    source="a slip of driving environments: CARLA's VehicleControl takes throttle before steer",
    caught_by=("env.controls",),
    blind=1,
)
def controls_exchanged(build: Build) -> Build:
    """Throttle and steering are exchanged inside the environment."""
    return with_wrapper(build, Exchanged)
