"""The actor looks for the worst action."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3


def alter(agent: TD3) -> None:
    for group in agent.actor_optimizer.param_groups:
        group["maximize"] = True  # of a loss that already has its minus


@fault(
    "actor_descends",
    causes=("steps_uphill",),
    caught_by=("wiring.steps",),
    source="a classic of DDPG code: the sign of the actor's loss, here turned once too often",
    blind=1,
)
def actor_descends(build: Build) -> Build:
    """The actor descends Q instead of climbing it."""
    return with_altered_agent(build, alter)
