"""Norms of the gradients that an event shows, computed once for all who ask."""

import math
from functools import lru_cache

import torch

from rca.td3.events import ActorGrads, CriticGrads


@lru_cache(maxsize=1)
@torch.no_grad()
def gradient_norms(event: CriticGrads | ActorGrads) -> dict[str, float | None]:
    """Returns the L2 norm of the gradient of each module that the event's loss trains.

    None where no weight has a gradient. One call and one wait for all of them.
    """
    agent = event.agent
    is_critic = isinstance(event, CriticGrads)
    optimizer = agent.critic_optimizer if is_critic else agent.actor_optimizer
    parts = {
        str(group["name"]): [w.grad for w in group["params"] if w.grad is not None]
        for group in optimizer.param_groups
    }
    gradients = [gradient for part in parts.values() for gradient in part]
    sizes = iter(torch.stack(torch._foreach_norm(gradients)).tolist() if gradients else ())
    return {name: _length([next(sizes) for _ in part]) for name, part in parts.items()}


def _length(sizes: list[float]) -> float | None:
    return math.sqrt(sum(size * size for size in sizes)) if sizes else None
