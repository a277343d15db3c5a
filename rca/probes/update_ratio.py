"""How far each module moves per update, against its size."""

import torch
from torch import nn

from rca.probes.engine import Number, norm, probe_from_start
from rca.td3.agent import TD3
from rca.td3.events import Updated


@probe_from_start("*/update_ratio", on=Updated, unit="1", cost="slow")
class UpdateRatio:
    """Norm of the way since the last reading, per update of the module, over the weights' norm.

    About 1e-3 is healthy (Cockpit's UpdateSize); a module that has not been updated is absent. So
    is the first reading after a checkpoint: the weights of the reading before it are gone. An
    encoder that actor and critic share is one module, `critic_encoder`.
    """

    def __init__(self, agent: TD3) -> None:
        self._then = {name: _copy(module) for name, module in _distinct(agent).items()}
        self._updates = _counts(agent)
        self._start: int | None = agent.critic_updates

    def __call__(self, event: Updated) -> dict[str, Number]:
        """Returns the ratio of each module."""
        found: dict[str, Number] = {}
        modules, counts = _distinct(event.agent), _counts(event.agent)
        start, self._start = self._start, None
        if start is not None and event.agent.critic_updates > start + 1:
            self._then = {name: _copy(module) for name, module in modules.items()}
            self._updates = counts
            return found
        for name, module in modules.items():
            updates = counts[name] - self._updates[name]
            if updates > 0:
                now: list[torch.Tensor] = list(module.parameters())
                then = self._then[name]
                way = norm(torch._foreach_sub(now, then))
                found[name] = way / updates / norm(now)
                torch._foreach_copy_(then, now)
                self._updates[name] = counts[name]
        return found


def _copy(module: nn.Module) -> list[torch.Tensor]:
    return [weight.detach().clone() for weight in module.parameters()]


def _distinct(agent: TD3) -> dict[str, nn.Module]:
    """Returns the modules by name; one encoder for actor and critic is the critic's."""
    modules = agent.modules()
    if agent.actor_encoder is agent.critic_encoder:
        del modules["actor_encoder"]
    return modules


def _counts(agent: TD3) -> dict[str, int]:
    """Returns the steps so far of the optimizers that hold each module.

    One that none holds counts those of the optimizer that should: it is to be seen standing still.
    """
    steps = {"actor": agent.actor_updates, "critic": agent.critic_updates}
    held = {part: _held(getattr(agent, f"{part}_optimizer")) for part in steps}
    counts: dict[str, int] = {}
    for name, module in _distinct(agent).items():
        weights = {id(weight) for weight in module.parameters()}
        by = [part for part in steps if weights & held[part]]
        counts[name] = sum(steps[part] for part in by or [name.partition("_")[0]])
    return counts


def _held(optimizer: torch.optim.Optimizer) -> set[int]:
    """Returns the ids of the weights that an optimizer steps."""
    return {id(weight) for group in optimizer.param_groups for weight in group["params"]}
