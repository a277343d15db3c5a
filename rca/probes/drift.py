"""How far the encoders have moved from where they started."""

import torch

from rca.probes.engine import Number, norm, probe_from_start
from rca.td3.agent import TD3
from rca.td3.events import Updated

ENCODERS = ("actor_encoder", "critic_encoder")


@probe_from_start("*/drift", on=Updated, unit="1", cost="slow")
class Drift:
    """Norm of w_t - w_0 over norm of w_0 (Cockpit's Distance, made relative), per encoder."""

    def __init__(self, agent: TD3) -> None:
        self._start = {
            name: [weight.detach().clone() for weight in agent.modules()[name].parameters()]
            for name in ENCODERS
        }
        self._size = {name: norm(start) for name, start in self._start.items()}

    def __call__(self, event: Updated) -> dict[str, Number]:
        """Returns the drift of each encoder."""
        modules = event.agent.modules()
        return {
            name: norm(torch._foreach_sub(list(modules[name].parameters()), start))
            / self._size[name]
            for name, start in self._start.items()
        }
