"""Who holds, steps and changes each network's parameters, and in which mode its layers are."""

from collections import Counter
from collections.abc import Container, Mapping

import torch
from torch import nn

from rca.wiring.checkpoint import digests
from rca.wiring.facts import ModuleFacts, Names, OptimizerFacts
from rca.wiring.modules import TARGET, Agent, Role, parameters
from rca.wiring.steps import Steps

NAMES = 8
"""Parameters that a fact names; more are counted."""
MODE_LAYERS = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)
"""Layers that compute something else in eval mode."""


class Parameters:
    """Compares the networks with themselves at the beginning, and with the optimizers."""

    def __init__(self, agent: Agent, optimizers: Mapping[str, torch.optim.Optimizer]) -> None:
        """Keeps digests of all weights, and the learning rates, as they are now.

        Args:
            agent: Its parts.
            optimizers: By name.
        """
        self._agent, self._optimizers = agent, optimizers
        self._start = {name: digests(role) for name, role in agent.roles.items()}
        self._rates = {name: self._rates_of(optimizer) for name, optimizer in optimizers.items()}
        self._stepped_by: dict[int, set[str]] = {}
        self._modes: dict[str, Counter[str]] = {}

    def look(self) -> None:
        """Notes whether the networks that are trained are in training mode."""
        for name, role in self._agent.roles.items():
            if not name.endswith(TARGET):
                layers = [*self._agent.layers(role)]
                frozen = {id(m) for layer in layers if _is_frozen(layer) for m in layer.modules()}
                resting = any(not m.training for m in layers if id(m) not in frozen)
                self._modes.setdefault(name, Counter())["eval" if resting else "train"] += 1

    def stepped(self, name: str) -> None:
        """Notes parameters that this optimizer and another one hold, if they have a gradient."""
        others = {
            id(p) for n, other in self._optimizers.items() if n != name for p in parameters(other)
        }
        for parameter in parameters(self._optimizers[name]):
            if id(parameter) in others and parameter.grad is not None and parameter.grad.any():
                self._stepped_by.setdefault(id(parameter), set()).add(name)

    def modules(self, reached: Container[int]) -> dict[str, ModuleFacts]:
        """Returns the facts of each network.

        Args:
            reached: Ids of the parameters that a loss's gradient has reached.
        """
        held: dict[int, list[str]] = {}
        for name, optimizer in self._optimizers.items():
            for parameter in parameters(optimizer):
                held.setdefault(id(parameter), []).append(name)
        return {name: self._module(role, held, reached) for name, role in self._agent.roles.items()}

    def _module(
        self, role: Role, held: Mapping[int, list[str]], reached: Container[int]
    ) -> ModuleFacts:
        now, start = digests(role), self._start[role.name]
        items = role.parameters.items()
        layers = [m for m in self._agent.layers(role) if isinstance(m, MODE_LAYERS)]
        return ModuleFacts(
            kind=role.kind,
            parameters=len(now),
            numbers=sum(parameter.numel() for parameter in role.parameters.values()),
            frozen=_short([n for n, p in items if not p.requires_grad]),
            in_no_optimizer=_short([n for n, p in items if id(p) not in held]),
            in_several=_short([n for n, p in items if len(self._stepped_by.get(id(p), ())) > 1]),
            held_by=tuple(sorted({name for _, p in items for name in held.get(id(p), [])})),
            not_reached=_short([n for n, p in items if id(p) not in reached]),
            not_changed=_short([n for n in now if now[n] == start[n]]),
            mode_layers=tuple(sorted({type(layer).__name__ for layer in layers})),
            modes=self._modes.get(role.name, {}),
        )

    def optimizer(self, name: str, steps: int, moves: Steps) -> OptimizerFacts:
        """Returns the facts of an optimizer.

        Args:
            name: Its own.
            steps: That it has made.
            moves: What came of some of them.
        """
        optimizer = self._optimizers[name]
        return OptimizerFacts(
            kind=type(optimizer).__name__,
            steps=steps,
            holds=Counter(self._agent.owner.get(id(p), "others") for p in parameters(optimizer)),
            rates=self._rates_of(optimizer),
            first_rates=self._rates[name],
            compared=moves.compared,
            uphill=moves.uphill,
            begun=moves.begun,
            piled=moves.piled,
        )

    def _rates_of(self, optimizer: torch.optim.Optimizer) -> dict[str, float]:
        """Returns the learning rate in force per part."""
        return {
            self._agent.owner.get(id(p), "others"): float(group["lr"])
            for group in optimizer.param_groups
            for p in group["params"]
        }


def _is_frozen(module: nn.Module) -> bool:
    """Whether a part has parameters and none to train: a pretrained network rests on purpose."""
    trained = [p.requires_grad for p in module.parameters()]
    return bool(trained) and not any(trained)


def _short(names: list[str]) -> Names:
    return Names(count=len(names), names=tuple(names[:NAMES]))
