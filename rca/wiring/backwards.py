"""What each backward pass reaches, found by hooks on the parameters themselves."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch

from rca.wiring.listening import Listening
from rca.wiring.modules import Agent


class Backwards:
    """Counts, while its hooks are attached, which parameters receive gradients from which loss.

    Attributes:
        passes: Backward passes per loss, as `name_loss` names them.
        by_role: Per loss: in how many passes a parameter of each part received a gradient.
        reached: id() of every parameter that any of them reached.
    """

    def __init__(
        self, agent: Agent, name_loss: Callable[[set[str]], str], listening: Listening
    ) -> None:
        """Prepares to listen.

        Args:
            agent: Whose parameters.
            listening: Asked before anything is noted.
            name_loss: Told at the end of a pass which parts it reached; names the loss.
        """
        self.passes: Counter[str] = Counter()
        self.by_role: dict[str, Counter[str]] = {}
        self.reached: set[int] = set()
        self._agent = agent
        self._name_loss = name_loss
        self._listening = listening
        self._now: set[int] = set()
        self._handles: list[Any] = []

    def attach(self) -> None:
        """Installs the hooks, on parameters that are frozen at the moment as well."""
        self._now.clear()
        if self._handles:
            return
        accumulated = self._listening.guarded(self._accumulated)
        for role in self._agent.roles.values():
            for parameter in role.parameters.values():
                if not (parameter.is_floating_point() or parameter.is_complex()):
                    continue  # quantized: it never has a gradient
                wanted = parameter.requires_grad
                parameter.requires_grad_(True)  # only then a hook is taken
                self._handles.append(
                    parameter.register_post_accumulate_grad_hook(accumulated)  # type: ignore[no-untyped-call]
                )
                parameter.requires_grad_(wanted)

    def detach(self) -> None:
        """Removes the hooks."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def settle(self) -> None:
        """Forgets a backward pass that never came to its end."""
        self._now.clear()

    def _accumulated(self, parameter: torch.Tensor) -> None:
        if not self._now:
            # Called at the end of this backward pass; DistributedDataParallel does the same.
            ended = self._listening.guarded(self._ended)
            torch.autograd.Variable._execution_engine.queue_callback(ended)
        self._now.add(id(parameter))

    def _ended(self) -> None:
        now, self._now = self._now, set()
        roles = {self._agent.owner[number] for number in now}
        loss = self._name_loss(roles)
        self.passes[loss] += 1
        self.by_role.setdefault(loss, Counter()).update(sorted(roles))
        self.reached |= now
