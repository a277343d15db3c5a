"""The first step of an episode is paid the way from where the last episode ended."""

from typing import Any

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper
from rca.td3.train import Env


class Carried(Wrapper):
    """Remembers the last distance along the route and does not forget it at a reset."""

    _distance: float | None = None
    _jump = 0.0

    def __init__(self, env: Env, weight: float) -> None:
        super().__init__(env)
        self._weight = weight

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        obs, info = self.env.reset(**options)
        begin = float(info.get("distance", 0.0))
        self._jump = 0.0 if self._distance is None else begin - self._distance
        return obs, info

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        extra, self._jump = self._weight * self._jump, 0.0
        self._distance = float(info.get("distance", 0.0))
        terms = dict(info.get("reward_terms", {}))
        terms["progress"] = terms.get("progress", 0.0) + extra
        info = {**info, "reward_terms": terms}
        return obs, float(reward) + extra, terminated, truncated, info


@fault(
    "progress_across_resets",
    causes=("reward_wrong",),
    source="a classic of driving environments: self.prev_distance is not set back in reset()",
    caught_by=("env.witnessed",),
    blind=4,
)
def progress_across_resets(build: Build) -> Build:
    """An episode begins with a fine as high as what the one before it earned by its way."""
    weight = build.config.env.reward.progress
    return with_wrapper(build, lambda env: Carried(env, weight))
