"""The training loop replaces the reward of an episode's last step by -10.

In the task that the line was written for every end is a failure. Here the goal is one too, and so
is the end of the time: no drive ends well, and none ends better for having come far.
"""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper

FINE = -10.0
"""For the last step of any episode."""


class EndsBadly(Wrapper):
    """Knows whether an episode is over, and not why."""

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        is_over = terminated or truncated
        return obs, FINE if is_over else float(reward), terminated, truncated, info


@fault(
    "every_end_is_fined",
    causes=("reward_wrong",),
    source="a classic of CartPole tutorials: reward = reward if not done else -10",
    blind=7,
)
def every_end_is_fined(build: Build) -> Build:
    """The last step of every training episode is fined, also where it reaches the goal."""
    return with_wrapper(build, EndsBadly, evaluation=False)
