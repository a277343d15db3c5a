"""The loop leaves an episode before its last step is stored."""

from typing import Any

from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Obs, Replay


class Unfinished(Replay):
    """Never hears of the step that ends an episode, nor of what it is paid."""

    def add(self, action: NDArray[Any], reward: float, next_obs: Obs, terminated: bool) -> None:
        if not terminated:
            super().add(action, reward, next_obs, terminated)


@fault(
    "loop_breaks_first",
    causes=("terminal_missing", "replay_wrong"),
    source="a classic of home-made loops: `if done: break` above the line that stores",
    caught_by=("wiring.memory",),
    blind=2,
)
def loop_breaks_first(build: Build) -> Build:
    """The last step of an episode is not stored, so no ending and no penalty is learned."""
    return with_replay(build, Unfinished)
