"""The actor's MLP is in no optimizer."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent, without_group
from rca.td3.agent import TD3


def alter(agent: TD3) -> None:
    without_group(agent.actor_optimizer, "actor")


@fault(
    "actor_not_optimized",
    causes=("actor_frozen",),
    caught_by=("learner.update_ratio",),
    source="signals.md, coverage",
)
def actor_not_optimized(build: Build) -> Build:
    """The actor's MLP is in no optimizer."""
    return with_altered_agent(build, alter)
