"""Progress is what the car comes nearer to its goal in a straight line.

A route round a bend leads away from its goal first: there, driving on as wanted is fined, and
standing still or rolling off the road towards the goal is not.
"""

import math
from typing import Any

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper
from rca.td3.train import Env


class Straight(Wrapper):
    """Pays for the distance to the goal's coordinates instead of the way along the route."""

    _gap = 0.0

    def __init__(self, env: Env, weight: float) -> None:
        super().__init__(env)
        self._weight = weight

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        obs, info = self.env.reset(**options)
        self._gap = self._to_goal()
        return obs, info

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        before, self._gap = self._gap, self._to_goal()
        terms = dict(info.get("reward_terms", {}))
        paid, terms["progress"] = terms.get("progress", 0.0), self._weight * (before - self._gap)
        changed = float(reward) + terms["progress"] - paid
        return obs, changed, terminated, truncated, {**info, "reward_terms": terms}

    def _to_goal(self) -> float:
        task: Any = self.env.unwrapped
        goal, car = task.route.points[-1], task.rig.reading
        return math.hypot(goal[0] - car.x, goal[1] - car.y)


@fault(
    "progress_as_crow_flies",
    causes=("reward_wrong",),
    source="a classic of CARLA environments: location.distance(destination) as the measure of way",
    caught_by=("env.witnessed",),
    blind=5,
)
def progress_as_crow_flies(build: Build) -> Build:
    """Progress is paid by the straight-line distance to the goal, not by the way along the road."""
    weight = build.config.env.reward.progress
    return with_wrapper(build, lambda env: Straight(env, weight))
