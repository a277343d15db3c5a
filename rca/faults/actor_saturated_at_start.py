"""The actor's last layer starts a thousand times too large."""

import torch

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3


def alter(agent: TD3) -> None:
    with torch.no_grad():
        for weight in agent.actor.layers[-2].parameters():
            weight.mul_(1000.0).add_(1.0)
    agent.targets["actor"].load_state_dict(agent.actor.state_dict())


@fault(
    "actor_saturated_at_start",
    causes=("actor_saturated",),
    caught_by=("actor.saturation",),
    source="defect D09; Andrychowicz et al. 2021, 3.2",
)
def actor_saturated_at_start(build: Build) -> Build:
    """The actor's last layer starts a thousand times too large."""
    return with_altered_agent(build, alter)
