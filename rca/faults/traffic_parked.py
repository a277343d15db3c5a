"""Other cars are spawned on the road and nobody drives them."""

from typing import Any

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Wrapper, with_wrapper

CARS = 5


class Parked(Wrapper):
    """Puts cars at spawn points before the first episode and leaves them there."""

    _parked = 0

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        world = self.env.unwrapped.rig.world  # type: ignore[attr-defined]
        model = world.get_blueprint_library().find("vehicle.tesla.model3")
        for point in world.get_map().get_spawn_points():
            if self._parked == CARS:
                break
            self._parked += world.try_spawn_actor(model, point) is not None
        return self.env.reset(**options)


@fault(
    "traffic_parked",
    causes=("traffic_frozen",),
    caught_by=("env.traffic",),
    source="defect D23",
)
def traffic_parked(build: Build) -> Build:
    """Other cars are spawned on the road and nobody drives them."""
    return with_wrapper(build, Parked, evaluation=False)
