"""How large the gradient of each module is, before clipping and the step that applies it."""

import torch

from rca.probes.engine import Number, norm, probe
from rca.td3.events import ActorGrads, CriticGrads


def _norms(optimizer: torch.optim.Optimizer) -> dict[str, Number]:
    return {
        group["name"]: norm(weight.grad for weight in group["params"])
        for group in optimizer.param_groups
    }


@probe("*/grad_norm", on=CriticGrads, unit="1")
def critic_grad_norm(event: CriticGrads) -> dict[str, Number]:
    """Returns the L2 norm per module that the critics' loss trains; NaN without a gradient."""
    return _norms(event.agent.critic_optimizer)


@probe("*/grad_norm", on=ActorGrads, unit="1")
def actor_grad_norm(event: ActorGrads) -> dict[str, Number]:
    """Returns the L2 norm per module that the actor's loss trains; NaN without a gradient."""
    return _norms(event.agent.actor_optimizer)
