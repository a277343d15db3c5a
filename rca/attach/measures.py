"""What a watched trainer's networks show by themselves, without being told."""

import math
from collections.abc import Callable, Sequence

import torch

from rca.wiring.call import Call
from rca.wiring.modules import TARGET, Agent

Record = Callable[[str, str, float], None]
"""Takes a signal's name, unit and value."""


class Measures:
    """Measures values, gradients, learning rates and the drift of encoders."""

    def __init__(self, agent: Agent, record: Record) -> None:
        """Keeps a copy of the encoders' weights.

        Args:
            agent: Measured.
            record: Told every value.
        """
        self._agent = agent
        self._record = record
        self._start = {
            role.name: [p.detach().clone() for p in role.parameters.values()]
            for role in agent.encoders()
            if not role.name.endswith(TARGET)
        }

    def values(self, calls: Sequence[Call]) -> None:
        """Records what the critic said in its own loss and in the actor's."""
        for call in calls:
            if call.role != "critic" or not call.gradients:
                continue
            values = [output.float() for output in call.outputs]
            if call.loss == "actor":
                self._record("actor/q_mean", "reward", float(values[0].mean()))
                continue
            for number, value in enumerate(values[:2], 1):
                self._record(f"critic/q{number}_mean", "reward", float(value.mean()))
            if len(values) > 1 and len(values[0]) == len(values[1]):
                spread = (values[0] - values[1]).abs().mean()
                self._record("critic/q_spread", "reward", float(spread))

    def gradients(self, optimizer: torch.optim.Optimizer) -> None:
        """Records norms of gradients and learning rates, before an optimizer's step."""
        rates: dict[str, float] = {}
        gradients: dict[str, list[torch.Tensor]] = {}
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                role = self._agent.owner.get(id(parameter))
                if role is not None:
                    rates[role] = float(group["lr"])
                    gradients.setdefault(role, [])
                    if parameter.grad is not None:
                        gradients[role].append(parameter.grad)
        for role, found in gradients.items():
            norm = float(torch.nn.utils.get_total_norm(found)) if found else math.nan
            self._record(f"{role}/grad_norm", "1", norm)
            self._record(f"{role}/lr", "1", rates[role])

    def drift(self) -> None:
        """Records how far each encoder is from its start."""
        for name, start in self._start.items():
            now = self._agent.roles[name].parameters.values()
            moved = torch.nn.utils.get_total_norm(
                [p.detach() - then for p, then in zip(now, start, strict=True)]
            )
            size = torch.nn.utils.get_total_norm(start)
            self._record(f"{name}/drift", "1", float(moved / size) if size else math.nan)
