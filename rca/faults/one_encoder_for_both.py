"""Actor and critics are given the same encoder object, and each optimizer steps it.

The configuration says that each has its own. The actor's loss pulls features away from what the
critics have just fitted to them, by a second Adam with moments of its own.
"""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3


def alter(agent: TD3) -> None:
    agent.actor_encoder = agent.critic_encoder
    agent.targets["actor_encoder"] = agent.targets["critic_encoder"]
    for group in agent.actor_optimizer.param_groups:
        if group["name"] == "actor_encoder":
            group["params"] = list(agent.critic_encoder.parameters())


@fault(
    "one_encoder_for_both",
    causes=("encoder_stepped_twice", "network_altered", "config_not_read"),
    source="a classic of home-made visual DDPG code: encoder = CNN() is made once, handed to Actor"
    " and Critic, and is in the parameters() of both",
    blind=7,
)
def one_encoder_for_both(build: Build) -> Build:
    """One encoder serves actor and critics and is stepped by both of their optimizers."""
    return with_altered_agent(build, alter)
