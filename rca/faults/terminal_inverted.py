"""The memory stores "goes on" where "has ended" is read."""

from typing import Any

from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Obs, Replay


class NotDone(Replay):
    """Stores 1 where the episode goes on."""

    def add(self, action: NDArray[Any], reward: float, next_obs: Obs, terminated: bool) -> None:
        super().add(action, reward, next_obs, not terminated)


@fault(
    "terminal_inverted",
    causes=("terminal_missing", "time_outs_terminal"),
    source="`not_done` of the TD3 author's memory, read by code that expects `done`",
    caught_by=("wiring.terminals",),
    blind=1,
)
def terminal_inverted(build: Build) -> Build:
    """The terminal flag is inverted in the memory."""
    return with_replay(build, NotDone)
