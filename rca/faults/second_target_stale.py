"""The soft update moves the first critic's target and forgets the second's."""

import copy

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.networks import TwinCritic


class FirstTargetOnly(TD3):
    """Takes the smaller of a value that follows and of one that stays as it was drawn."""

    def _update_targets(self) -> None:
        critic = self.targets["critic"]
        assert isinstance(critic, TwinCritic)
        kept = copy.deepcopy(critic.second.state_dict())
        super()._update_targets()
        critic.second.load_state_dict(kept)


@fault(
    "second_target_stale",
    causes=("target_wrong",),
    source="a classic of copied lines: critic_1 left where critic_2 is meant, in the soft update",
    caught_by=("wiring.targets",),
    blind=3,
)
def second_target_stale(build: Build) -> Build:
    """The second target critic never moves and caps all values at its first guess."""
    return with_agent(build, FirstTargetOnly)
