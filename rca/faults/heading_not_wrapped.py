"""The heading error is a difference of two angles that is not brought back to half a turn."""

from dataclasses import replace
from typing import Any

from rca.build import Build
from rca.config import RunConfig
from rca.faults import fault
from rca.td3.train import Env


def make_env(config: RunConfig, host: str, port: int) -> Env:
    """Returns the driving task with headings of -179 and 179 degrees nearly a turn apart."""
    from rca.envs.driving import DrivingEnv, Obs  # needs a carla wheel
    from rca.envs.rig import Reading
    from rca.envs.route import Place

    class NotWrapped(DrivingEnv):
        """Sees a car as turned round, and ends its episode, where the route heads west."""

        def reset(
            self, *, seed: int | None = None, options: dict[str, Any] | None = None
        ) -> tuple[Obs, dict[str, Any]]:
            _, info = super().reset(seed=seed, options=options)
            self._place = self._locate(self.rig.reading)
            return self._observe(self.rig.reading), info

        def _locate(self, reading: Reading) -> Place:
            place = super()._locate(reading)
            error = reading.heading - float(self.route.headings[place.index])
            return replace(place, heading_error=error)

    return NotWrapped(config.env, host=host, port=port)


@fault(
    "heading_not_wrapped",
    causes=("observation_wrong", "reward_wrong"),
    source="a classic of driving environments: yaw minus waypoint yaw across 180 degrees",
    caught_by=("env.witnessed",),
    blind=4,
)
def heading_not_wrapped(build: Build) -> Build:
    """Heading errors are off by a whole turn where car and route are on two sides of west."""
    return replace(build, make_env=make_env, make_eval_env=make_env)
