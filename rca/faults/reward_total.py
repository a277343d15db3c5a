"""A step is paid all that the episode has earned so far."""

from typing import Any

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper


class Total(Wrapper):
    """Returns the attribute to which it adds each reward."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        self._reward = 0.0
        return self.env.reset(**options)

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        self._reward += float(reward)
        return obs, self._reward, terminated, truncated, info


@fault(
    "reward_total",
    causes=("reward_wrong",),
    source="a classic of home-made environments: `return obs, self.reward` after `self.reward +=`",
    caught_by=("env.witnessed",),
    blind=2,
)
def reward_total(build: Build) -> Build:
    """Every step is paid the sum of the episode's rewards instead of its own."""
    return with_wrapper(build, Total)
