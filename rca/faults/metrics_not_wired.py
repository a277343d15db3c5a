"""Success and collisions are read from keys that nobody sets."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper


class Unwired(Wrapper):
    """Reports constant zeros."""

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        return obs, float(reward), terminated, truncated, {**info, "success": 0, "collisions": 0}


@fault(
    "metrics_not_wired",
    causes=("metrics_not_wired",),
    caught_by=("metrics.counted",),
    source="defect D06",
)
def metrics_not_wired(build: Build) -> Build:
    """Success and collisions are read from keys that nobody sets."""
    return with_wrapper(build, Unwired)
