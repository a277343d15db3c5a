"""Progress is speed times the seconds that passed on the wall's clock, not in the simulation.

A slow update, a busy machine or an evaluation in between is paid as a long way driven, and a fast
step as next to none. What an action earns depends on the computer, and no two runs are alike.
"""

import time
from typing import Any

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper
from rca.td3.train import Env


class WallClock(Wrapper):
    """Integrates the car's speed over real time."""

    _then = 0.0

    def __init__(self, env: Env, weight: float) -> None:
        super().__init__(env)
        self._weight = weight

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        result = self.env.reset(**options)
        self._then = time.time()
        return result

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        then, self._then = self._then, time.time()
        terms = dict(info.get("reward_terms", {}))
        way = float(info.get("speed", 0.0)) * (self._then - then)
        paid, terms["progress"] = terms.get("progress", 0.0), self._weight * way
        changed = float(reward) + terms["progress"] - paid
        return obs, changed, terminated, truncated, {**info, "reward_terms": terms}


@fault(
    "reward_by_wall_clock",
    causes=("reward_wrong", "seed_ignored"),
    source="a classic of game loops and robot software: dt = time.time() - last, kept when the"
    " simulator became synchronous",
    caught_by=("env.witnessed",),
    blind=6,
)
def reward_by_wall_clock(build: Build) -> Build:
    """Progress is paid by the wall-clock time between two steps."""
    weight = build.config.env.reward.progress
    return with_wrapper(build, lambda env: WallClock(env, weight))
