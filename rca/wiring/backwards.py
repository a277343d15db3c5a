"""What each backward pass reaches, found by hooks on the parameters themselves."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch

from rca.wiring.modules import Agent


class Backwards:
    """Counts, while `listening` is set, which parameters receive gradients from which loss.

    Attributes:
        passes: Backward passes per loss, as `name_loss` names them.
        by_role: Per loss: in how many passes a parameter of each part received a gradient.
        reached: id() of every parameter that any of them reached.
    """

    def __init__(self, agent: Agent, name_loss: Callable[[set[str]], str]) -> None:
        """Installs the hooks.

        Args:
            agent: Whose parameters.
            name_loss: Told at the end of a pass which parts it reached; names the loss.
        """
        self.listening = False
        self.passes: Counter[str] = Counter()
        self.by_role: dict[str, Counter[str]] = {}
        self.reached: set[int] = set()
        self._owner = agent.owner
        self._name_loss = name_loss
        self._now: set[int] = set()
        self.handles: list[Any] = [
            parameter.register_post_accumulate_grad_hook(self._accumulated)  # type: ignore[no-untyped-call]
            for role in agent.roles.values()
            for parameter in role.parameters.values()
            if parameter.requires_grad
        ]

    def _accumulated(self, parameter: torch.Tensor) -> None:
        if not self.listening:
            return
        if not self._now:
            # Called at the end of this backward pass; DistributedDataParallel does the same.
            torch.autograd.Variable._execution_engine.queue_callback(self._ended)
        self._now.add(id(parameter))

    def _ended(self) -> None:
        now, self._now = self._now, set()
        roles = {self._owner[number] for number in now}
        loss = self._name_loss(roles)
        self.passes[loss] += 1
        self.by_role.setdefault(loss, Counter()).update(roles)
        self.reached |= now
