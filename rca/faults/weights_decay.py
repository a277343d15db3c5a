"""Weights decay at every step."""

import torch

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3

DECAY = 10.0
"""Times the learning rate: 0.3% a step at 3e-4."""


def alter(agent: TD3) -> None:
    for name in ("actor_optimizer", "critic_optimizer"):
        groups = getattr(agent, name).param_groups
        kept = [{key: g[key] for key in ("params", "lr", "name")} for g in groups]
        setattr(agent, name, torch.optim.AdamW(kept, weight_decay=DECAY))


@fault(
    "weights_decay",
    causes=("optimizer_wrong",),
    caught_by=("wiring.recomputed",),
    source="a classic of PyTorch code: weight_decay of a supervised project kept for RL",
)
def weights_decay(build: Build) -> Build:
    """The optimizers shrink all weights by 0.3% at every step."""
    return with_altered_agent(build, alter)
