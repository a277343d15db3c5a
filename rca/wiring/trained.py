"""Which part of the agent an optimizer's step is an update of."""

from collections.abc import Mapping

import torch

from rca.errors import UsageError
from rca.wiring.modules import Agent, parameters

PARTS = ("critic", "actor")


def trained_by(
    optimizers: Mapping[str, torch.optim.Optimizer], agent: Agent
) -> dict[str, tuple[str, ...]]:
    """Returns of which parts each optimizer's steps are updates.

    A part is trained by one optimizer: by one of its own before one that holds the other part as
    well. Both are by the same only where no other holds the actor.

    Raises:
        UsageError: None holds a parameter of the critic.
    """
    held = {name: _held(optimizer, agent) for name, optimizer in optimizers.items()}
    found: dict[str, tuple[str, ...]] = {}
    for part in PARTS:
        holders = sorted(
            (name for name in held if part in held[name]),
            key=lambda name: (len(held[name]) > 1, name in found),
        )
        for name in holders[:1]:
            found[name] = (*found.get(name, ()), part)
    if not any("critic" in parts for parts in found.values()):
        raise UsageError(
            f"none of the optimizers ({', '.join(optimizers) or 'none given'}) holds a parameter "
            "of the critic; give the optimizer that steps it"
        )
    return found


def updated(
    parts: tuple[str, ...], optimizer: torch.optim.Optimizer, agent: Agent
) -> tuple[str, ...]:
    """Returns which parts an optimizer is about to update: of several those with a gradient."""
    if len(parts) < 2:
        return parts
    return tuple(part for part in parts if _has_gradient(part, optimizer, agent))


def _has_gradient(part: str, optimizer: torch.optim.Optimizer, agent: Agent) -> bool:
    own = (p.grad for p in parameters(optimizer) if agent.owner.get(id(p)) == part)
    return any(grad is not None and (grad.is_sparse or bool(grad.any())) for grad in own)


def _held(optimizer: torch.optim.Optimizer, agent: Agent) -> set[str]:
    owners = {agent.owner.get(id(p)) for p in parameters(optimizer)}
    return {part for part in PARTS if part in owners}
