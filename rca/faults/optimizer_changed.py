"""Plain gradient descent replaces Adam."""

import torch

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3


def alter(agent: TD3) -> None:
    for name in ("actor_optimizer", "critic_optimizer"):
        groups = getattr(agent, name).param_groups
        kept = [{key: g[key] for key in ("params", "lr", "name")} for g in groups]
        setattr(agent, name, torch.optim.SGD(kept))


@fault(
    "optimizer_changed",
    causes=("learning_rate_wrong",),
    caught_by=("wiring.learning_rates",),
    source="RLMutation: changed optimizer",
)
def optimizer_changed(build: Build) -> Build:
    """Plain gradient descent replaces Adam."""
    return with_altered_agent(build, alter)
