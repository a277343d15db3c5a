"""The agent uses another learning rate than the configured ones."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3


def alter(agent: TD3) -> None:
    for optimizer in (agent.actor_optimizer, agent.critic_optimizer):
        for group in optimizer.param_groups:
            group["lr"] = 0.01


@fault(
    "settings_not_read",
    causes=("config_not_read",),
    caught_by=("wiring.learning_rates",),
    source="defect D13",
)
def settings_not_read(build: Build) -> Build:
    """The agent uses another learning rate than the configured ones."""
    return with_altered_agent(build, alter)
