"""The twin critics start with the same weights, and so stay the same."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3
from rca.td3.networks import TwinCritic


def alter(agent: TD3) -> None:
    for critic in (agent.critic, agent.targets["critic"]):
        assert isinstance(critic, TwinCritic)
        critic.second.load_state_dict(critic.first.state_dict())


@fault(
    "twins_identical",
    causes=("critic_twin_untrained", "critic_overestimates"),
    source="a classic: the second critic is a deepcopy, or is drawn from the same seed again",
    caught_by=("critic.twin_gap",),
    blind=1,
)
def twins_identical(build: Build) -> Build:
    """The twin critics are copies of each other, so that the smaller value is either's."""
    return with_altered_agent(build, alter)
