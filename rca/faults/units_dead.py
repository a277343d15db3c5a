"""Large negative biases silence the actor's hidden layers."""

import torch
from torch import nn

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3


def alter(agent: TD3) -> None:
    with torch.no_grad():
        for layer in list(agent.actor.layers)[:-2]:
            if isinstance(layer, nn.Linear):
                layer.bias.fill_(-10.0)
    agent.targets["actor"].load_state_dict(agent.actor.state_dict())


@fault(
    "units_dead",
    causes=(
        "units_dead",
        "actor_saturated",
    ),
    caught_by=("learner.dormant_units",),
    source="Sokar et al. 2023; Lu et al. 2019",
)
def units_dead(build: Build) -> Build:
    """Large negative biases silence the actor's hidden layers."""
    return with_altered_agent(build, alter)
