"""The actor has dropout, and nobody puts it into evaluation mode."""

import torch
from torch import nn

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3
from rca.td3.networks import Actor

SHARE = 0.3
"""Of the hidden units that are silenced at each call."""


def alter(agent: TD3) -> None:
    torch.manual_seed(agent.smoothing.initial_seed())  # dropout draws from torch's own generator
    for actor in (agent.actor, agent.targets["actor"]):
        assert isinstance(actor, Actor)
        for index in (1, 3):
            actor.layers[index] = nn.Sequential(actor.layers[index], nn.Dropout(SHARE))


@fault(
    "dropout_left_on",
    causes=("evaluation_noisy", "network_altered"),
    source="a classic of PyTorch code: eval() is never called before the network is used",
    caught_by=("evaluation.deterministic",),
    blind=3,
)
def dropout_left_on(build: Build) -> Build:
    """The actor's dropout stays on while it drives, in its target and in evaluations."""
    return with_altered_agent(build, alter)
