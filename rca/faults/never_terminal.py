"""No transition is stored as terminal."""

from typing import Any

from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Obs, Replay


class Endless(Replay):
    """Stores every ending as a time-out."""

    def add(self, action: NDArray[Any], reward: float, next_obs: Obs, terminated: bool) -> None:
        super().add(action, reward, next_obs, False)


@fault(
    "never_terminal",
    causes=("terminal_missing",),
    caught_by=("wiring.terminals",),
    source="RLMutation: missing terminal state",
)
def never_terminal(build: Build) -> Build:
    """No transition is stored as terminal."""
    return with_replay(build, Endless)
