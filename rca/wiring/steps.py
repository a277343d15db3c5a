"""Whether an optimizer's steps go down its gradients, and whether these began from nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from rca.wiring.call import Call
from rca.wiring.modules import parameters

SMALL = 65_536
"""Numbers of the largest tensor that is compared: hidden layers and biases tell the direction."""
Held = list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]


@dataclass
class Steps:
    """The steps of one optimizer while the audit listens.

    Attributes:
        compared: Those whose move was held against their gradient.
        uphill: Those of them that went along it, up the loss.
        begun: Those before which a backward pass of the critic's loss was heard.
        piled: Those of them before which the critic held a gradient already.
    """

    compared: int = 0
    uphill: int = 0
    begun: int = 0
    piled: int = 0
    _held: Held = field(default_factory=list)

    def before(self, optimizer: torch.optim.Optimizer, calls: Sequence[Call]) -> None:
        """Remembers weights and gradients, and how the latter began.

        Args:
            optimizer: About to step.
            calls: Of the networks since the last step, if the optimizer is the critic's.
        """
        self._held = [
            (p, p.detach().clone(), p.grad.detach().clone())
            for p in parameters(optimizer)
            if p.grad is not None and not p.grad.is_sparse and p.numel() <= SMALL
        ]
        held = [call.held for call in calls if call.loss == "critic" and call.held is not None]
        if held:
            self.begun += 1
            self.piled += all(held)  # of several backward passes the first begins from nothing

    def after(self) -> None:
        """Compares the move with the gradient."""
        held, self._held = self._held, []
        along = sum(float(((p.detach() - old) * grad).sum()) for p, old, grad in held)
        if along > 0 or along < 0:  # not standing still, and no NaN
            self.compared += 1
            self.uphill += along > 0
