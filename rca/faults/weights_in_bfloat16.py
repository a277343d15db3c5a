"""Weights are kept in bfloat16, without a float32 copy for the optimizer.

Between 1/16 and 1/8 two neighbouring bfloat16 numbers are 5e-4 apart. An optimizer's step of less
than half of that is rounded away, however often it is repeated: large weights stand still and small
ones move in jumps.
"""

from typing import Any

import torch

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3


@torch.no_grad()
def rounded(optimizer: torch.optim.Optimizer, given: Any, named: Any) -> None:
    """Rounds what an optimizer has just moved."""
    for group in optimizer.param_groups:
        for weight in group["params"]:
            weight.copy_(weight.bfloat16())


def alter(agent: TD3) -> None:
    for optimizer in (agent.actor_optimizer, agent.critic_optimizer):
        optimizer.register_step_post_hook(rounded)


@fault(
    "weights_in_bfloat16",
    causes=("optimizer_wrong",),
    source="a classic of PyTorch code: model.bfloat16() where autocast with float32 weights is due",
    caught_by=("wiring.recomputed",),
    blind=5,
)
def weights_in_bfloat16(build: Build) -> Build:
    """Weights are rounded to bfloat16 after every step, which swallows most of the small steps."""
    return with_altered_agent(build, alter)
