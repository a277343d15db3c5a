"""A reward is stored with the transition after it."""

from typing import Any

from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Obs, Replay


class Late(Replay):
    """Writes rewards one slot late."""

    _last = 0.0

    def add(self, action: NDArray[Any], reward: float, next_obs: Obs, terminated: bool) -> None:
        super().add(action, self._last, next_obs, terminated)
        self._last = reward


@fault(
    "reward_in_wrong_slot",
    causes=("replay_wrong",),
    caught_by=("wiring.rewards",),
    source="RLMutation: mangled transitions",
)
def reward_in_wrong_slot(build: Build) -> Build:
    """A reward is stored with the transition after it."""
    return with_replay(build, Late)
