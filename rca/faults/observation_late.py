"""The agent sees the observation before the present one."""

from typing import Any

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper


class Delayed(Wrapper):
    """Shows the last observation but one."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        self._seen, info = self.env.reset(**options)
        return self._seen, info

    def step(self, action: Action) -> Step:
        seen = self._seen
        self._seen, reward, terminated, truncated, info = self.env.step(action)
        return seen, float(reward), terminated, truncated, info


@fault(
    "observation_late",
    causes=("frames_wrong",),
    caught_by=("env.observation_age",),
    source="RLMutation: missing state update",
)
def observation_late(build: Build) -> Build:
    """The agent sees the observation before the present one."""
    return with_wrapper(build, Delayed)
