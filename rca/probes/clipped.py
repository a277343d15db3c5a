"""Whether a module's gradient was longer than its clip."""

import math

import torch

from rca.config import AgentConfig
from rca.probes.engine import Number, norm, probe
from rca.td3.events import ActorGrads, CriticGrads


def _clipped(optimizer: torch.optim.Optimizer, config: AgentConfig) -> dict[str, Number]:
    found: dict[str, Number] = {}
    for group in optimizer.param_groups:
        limit = getattr(config, f"{group['name']}_clip")
        if limit is not None:
            size = float(norm(weight.grad for weight in group["params"]))
            found[group["name"]] = math.nan if math.isnan(size) else float(size > limit)
    return found


@probe("*/clipped", on=CriticGrads, unit="1")
def critic_clipped(event: CriticGrads) -> dict[str, Number]:
    """Returns 1.0 or 0.0 per module with a clip; its mean over time is the clip fraction."""
    return _clipped(event.agent.critic_optimizer, event.agent.config)


@probe("*/clipped", on=ActorGrads, unit="1")
def actor_clipped(event: ActorGrads) -> dict[str, Number]:
    """Returns 1.0 or 0.0 per module with a clip; its mean over time is the clip fraction."""
    return _clipped(event.agent.actor_optimizer, event.agent.config)
