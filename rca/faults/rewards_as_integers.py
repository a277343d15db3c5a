"""The memory's column for rewards has an integer type.

Each reward loses what is behind its point: a step of driving, worth a few hundredths, is stored as
0, and so is leaving the road for -1 after a step that earned something. The log shows rewards as
the environment paid them.
"""

from typing import Any

from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Obs, Replay


class WholeNumbers(Replay):
    """Stores rewards as an array of integers would."""

    def add(self, action: NDArray[Any], reward: float, next_obs: Obs, terminated: bool) -> None:
        super().add(action, float(int(reward)), next_obs, terminated)


@fault(
    "rewards_as_integers",
    causes=("replay_wrong", "reward_wrong"),
    source="a slip of memories from DQN tutorials: np.zeros(capacity, dtype=np.int32) for rewards,"
    " which are 0 and 1 there",
    caught_by=("wiring.memory",),
    blind=6,
)
def rewards_as_integers(build: Build) -> Build:
    """The memory cuts off what rewards have behind the point, which is nearly all of them."""
    return with_replay(build, WholeNumbers)
