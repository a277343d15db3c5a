"""How large the gradient of each module is, before the step that applies it."""

from torch import nn

from rca.probes.engine import Number, norm, probe
from rca.td3.events import ActorGrads, CriticGrads


def _norms(**modules: nn.Module) -> dict[str, Number]:
    return {
        name: norm(weight.grad for weight in module.parameters())
        for name, module in modules.items()
    }


@probe("*/grad_norm", on=CriticGrads, unit="1")
def critic_grad_norm(event: CriticGrads) -> dict[str, Number]:
    """Returns the L2 norm per module that the critics' loss trains; NaN without a gradient."""
    return _norms(critic=event.agent.critic, critic_encoder=event.agent.critic_encoder)


@probe("*/grad_norm", on=ActorGrads, unit="1")
def actor_grad_norm(event: ActorGrads) -> dict[str, Number]:
    """Returns the L2 norm per module that the actor's loss trains; NaN without a gradient."""
    return _norms(actor=event.agent.actor, actor_encoder=event.agent.actor_encoder)
