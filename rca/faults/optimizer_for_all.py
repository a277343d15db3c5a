"""The actor's optimizer was given the critics' weights too, and its loss raises their values."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3


def alter(agent: TD3) -> None:
    agent.actor_optimizer.add_param_group(
        {
            "params": list(agent.critic.parameters()),
            "lr": agent.config.critic_lr,
            "name": "critic",
        }
    )


@fault(
    "optimizer_for_all",
    causes=("optimizer_wrong", "critic_overestimates"),
    source="ray pull request 65125: the actor loss's gradients leak into TQC's critics",
    caught_by=("wiring.recomputed",),
    blind=2,
)
def optimizer_for_all(build: Build) -> Build:
    """The actor's loss steps the critics as well, towards higher values of its actions."""
    return with_altered_agent(build, alter)
