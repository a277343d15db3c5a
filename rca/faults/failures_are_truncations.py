"""An episode that fails is reported as truncated; only the goal is reported as terminal.

The target then adds a future to leaving the road and to getting stuck, as if driving went on from
there: a failure costs its small penalty and no longer everything that would have come after it.
"""

from typing import Any

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper


class GoalIsTerminal(Wrapper):
    """Takes `terminated` for "the task is done" and `truncated` for "it was not"."""

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        return obs, float(reward), *_renamed(terminated, truncated, info), info


def _renamed(terminated: bool, truncated: bool, info: dict[str, Any]) -> tuple[bool, bool]:
    done, success = terminated or truncated, bool(info.get("success", False))
    return done and success, done and not success


@fault(
    "failures_are_truncations",
    causes=("terminal_missing",),
    source="a slip of environments moved from Gym's done to Gymnasium: terminated = success,"
    " truncated = done and not success",
    caught_by=("env.witnessed",),
    blind=6,
)
def failures_are_truncations(build: Build) -> Build:
    """Failures are reported as truncations, so that their states keep a future."""
    return with_wrapper(build, GoalIsTerminal)
