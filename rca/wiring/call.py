"""One call of a network: what went in, what came out, and the gradient of the loss by that."""

from dataclasses import dataclass, field
from typing import Literal

import torch

Kind = Literal["critic", "actor", "none"]


@dataclass(eq=False)
class Call:
    """One call of a network.

    Attributes:
        role: "critic", "actor" or one of their targets.
        with_grad: Whether autograd recorded it.
        through_actor: Whether its input depends on the actor's own parameters.
        features: Encoders whose features it was given.
        inputs: Of its linear layers, detached. [batch, in]
        found: Columns of features in each of them: (first, behind the last).
        outputs: Critic: its heads with one output each, detached, [batch]; actor: its result.
        gradients: Of the loss by these outputs, once a backward has passed. [batch]
        held: Online critic: whether it held a gradient already when the first of this call came;
            None: none has come.
        waited: How often it was left for later because no gradient had come yet.
        named: Whether a loss was named after it.
        roots: id() of the modules called.
    """

    role: str
    with_grad: bool
    through_actor: bool = False
    features: set[str] = field(default_factory=set)
    inputs: list[torch.Tensor] = field(default_factory=list)
    found: list[list[tuple[int, int]]] = field(default_factory=list)
    outputs: list[torch.Tensor] = field(default_factory=list)
    gradients: dict[int, torch.Tensor] = field(default_factory=dict)
    held: bool | None = None
    waited: int = 0
    named: bool = False
    roots: set[int] = field(default_factory=set)

    @property
    def loss(self) -> Kind:
        """Which loss an online critic's call belongs to."""
        if not self.with_grad:
            return "none"
        return "actor" if self.through_actor else "critic"
