"""How far each module moves in one update, against its size."""

import math

import torch
from torch import nn

from rca.probes.engine import Number, norm, probe_from_start
from rca.td3.agent import TD3
from rca.td3.events import CriticGrads, Event, Updated


@probe_from_start("*/update_ratio", on=(CriticGrads, Updated), unit="1", cost="slow")
class UpdateRatio:
    """Norm of one update's step over the norm of the weights (Cockpit's UpdateSize).

    About 1e-3 is healthy. Reads the weights at CriticGrads, before any of the update's steps, and
    at Updated. Where no step was made there is none to measure: of the actor in a delayed update,
    of both where the gradients of several updates are added up first. A module that no optimizer
    holds is measured by the steps of the one that should. An encoder that actor and critic share is
    one module, `critic_encoder`, and moves by both their steps.
    """

    def __init__(self, agent: TD3) -> None:
        self._before: dict[str, list[torch.Tensor]] = {}
        self._steps: dict[str, float] = {}
        self._update = 0

    def __call__(self, event: Event) -> dict[str, Number] | None:
        """Returns the ratio of each module, after the update."""
        assert isinstance(event, CriticGrads | Updated)
        modules, steps = _distinct(event.agent), _steps(event.agent)
        if isinstance(event, CriticGrads):
            self._before = {name: _copy(module) for name, module in modules.items()}
            self._steps, self._update = steps, event.update
            return None
        if event.update != self._update:
            return None
        updated = {part for part in steps if steps[part] != self._steps[part]}  # NaN is never equal
        if event.actor_loss is None:
            updated.discard("actor")
        return {
            name: self._ratio(name, list(module.parameters()))
            for name, module in modules.items()
            if name.partition("_")[0] in updated
        }

    def _ratio(self, name: str, now: list[torch.Tensor]) -> Number:
        return norm(torch._foreach_sub(now, self._before[name])) / norm(now)


def _copy(module: nn.Module) -> list[torch.Tensor]:
    return [weight.detach().clone() for weight in module.parameters()]


def _distinct(agent: TD3) -> dict[str, nn.Module]:
    """Returns the modules by name; one encoder for actor and critic is the critic's."""
    modules = agent.modules()
    if agent.actor_encoder is agent.critic_encoder:
        del modules["actor_encoder"]
    return modules


def _steps(agent: TD3) -> dict[str, float]:
    return {"actor": _made(agent.actor_optimizer), "critic": _made(agent.critic_optimizer)}


def _made(optimizer: torch.optim.Optimizer) -> float:
    """Returns the steps that an optimizer made, summed over weights; NaN if it counts none."""
    if not isinstance(optimizer, torch.optim.Adam):
        return math.nan
    # Of all: it goes on with the rest where a module is frozen, which is to be seen standing still.
    return sum(float(state["step"]) for state in optimizer.state.values())
