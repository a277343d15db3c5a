"""How far each module moves per update, against its size."""

import torch

from rca.probes.engine import Number, norm, probe_from_start
from rca.td3.agent import TD3
from rca.td3.events import Updated


@probe_from_start("*/update_ratio", on=Updated, unit="1", cost="slow")
class UpdateRatio:
    """Norm of the way since the last reading, per update of the module, over the weights' norm.

    About 1e-3 is healthy (Cockpit's UpdateSize); a module that has not been updated is absent. So
    is the first reading after a checkpoint: the weights of the reading before it are gone.
    """

    def __init__(self, agent: TD3) -> None:
        self._then = {name: _copy(module) for name, module in agent.modules().items()}
        self._updates = _counts(agent)
        self._start: int | None = agent.critic_updates

    def __call__(self, event: Updated) -> dict[str, Number]:
        """Returns the ratio of each module."""
        found: dict[str, Number] = {}
        counts = _counts(event.agent)
        start, self._start = self._start, None
        if start is not None and event.agent.critic_updates > start + 1:
            self._then = {name: _copy(module) for name, module in event.agent.modules().items()}
            self._updates = counts
            return found
        for name, module in event.agent.modules().items():
            updates = counts[name] - self._updates[name]
            if updates > 0:
                now: list[torch.Tensor] = list(module.parameters())
                then = self._then[name]
                way = norm(torch._foreach_sub(now, then))
                found[name] = way / updates / norm(now)
                torch._foreach_copy_(then, now)
                self._updates[name] = counts[name]
        return found


def _copy(module: torch.nn.Module) -> list[torch.Tensor]:
    return [weight.detach().clone() for weight in module.parameters()]


def _counts(agent: TD3) -> dict[str, int]:
    """Returns the updates of each module's optimizer so far."""
    actor, critic = agent.actor_updates, agent.critic_updates
    return {name: actor if name.startswith("actor") else critic for name in agent.modules()}
