"""Rewards are discounted by the clock of their episode before they are stored.

The critics discount once more. What is earned a hundred steps after a reset counts for a twentieth,
endings and the goal for next to nothing, and the same state has another value at another time.
"""

from typing import Any

from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Obs, Replay


@fault(
    "rewards_fade_with_time",
    causes=("replay_wrong", "reward_wrong", "discount_wrong"),
    source="gamma ** t of Sutton and Barto's episodic policy gradient (13.3) kept beside a memory",
    caught_by=("wiring.memory", "wiring.rewards"),
    blind=5,
)
def rewards_fade_with_time(build: Build) -> Build:
    """A reward is stored times discount ** (steps since the reset), and discounted again later."""
    discount = build.config.agent.discount

    class Fading(Replay):
        """Weighs what it stores by when it came."""

        _weight = 1.0

        def begin(self, obs: Obs) -> None:
            super().begin(obs)
            self._weight = 1.0

        def add(self, action: NDArray[Any], reward: float, next_obs: Obs, terminated: bool) -> None:
            super().add(action, self._weight * reward, next_obs, terminated)
            self._weight *= discount

    return with_replay(build, Fading)
