"""Time-outs are stored as terminal."""

from typing import Any

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper

LIMIT = 150
"""Steps, 7.5 s: most episodes that stay on the road end by the clock."""


class Final(Wrapper):
    """Cuts episodes off after a short time, and reports all time-outs as terminal."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        self._steps = 0
        return self.env.reset(**options)

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        self._steps += 1
        if self._steps >= LIMIT and not terminated:
            truncated, info = True, {**info, "end_reason": "time_out"}
        return obs, float(reward), terminated or truncated, False, info


@fault(
    "time_outs_terminal",
    causes=("time_outs_terminal",),
    caught_by=("episodes.time_outs",),
    source="defect D07; Pardo et al. 2018",
)
def time_outs_terminal(build: Build) -> Build:
    """Training episodes of 150 steps; their time-outs are stored as terminal."""
    return with_wrapper(build, Final, evaluation=False)
