"""How far the actor reaches into tanh's flat ends."""

import torch

from rca.probes.engine import Number, probe
from rca.probes.forward import look
from rca.td3.events import Updated


@probe("actor/pre_tanh", on=Updated, unit="1", cost="rare")
def pre_tanh(event: Updated) -> Number:
    """Returns the mean size of what the policy's tanh is given (signals.md, action saturation).

    An action is 0.99 at 2.65, with 2% of the slope at 0. Beyond, `actor/saturation` stays at 1
    while this tells how far away the way back is; growing it leads there (Bjorck et al. 2022).
    """
    seen = look(event)
    given: torch.Tensor = event.agent.actor.layers[:-1](torch.cat([seen.own, seen.vector], dim=1))
    return given.abs().mean()
