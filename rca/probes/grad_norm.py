"""How large the gradient of each module is, before clipping and the step that applies it."""

import math

from rca.probes.engine import Number, probe
from rca.probes.gradients import gradient_norms
from rca.td3.events import ActorGrads, CriticGrads


def _norms(event: CriticGrads | ActorGrads) -> dict[str, Number]:
    sizes = gradient_norms(event)
    return {name: math.nan if size is None else size for name, size in sizes.items()}


@probe("*/grad_norm", on=CriticGrads, unit="1")
def critic_grad_norm(event: CriticGrads) -> dict[str, Number]:
    """Returns the L2 norm per module that the critics' loss trains; NaN without a gradient."""
    return _norms(event)


@probe("*/grad_norm", on=ActorGrads, unit="1")
def actor_grad_norm(event: ActorGrads) -> dict[str, Number]:
    """Returns the L2 norm per module that the actor's loss trains; NaN without a gradient."""
    return _norms(event)
