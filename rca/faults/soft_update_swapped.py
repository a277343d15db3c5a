"""The soft update gets its two networks in the wrong order.

The targets never move, and at every policy update the trained networks are pulled half a percent
back to where they began: learning is a spring between the gradient and the first weights.
"""

import torch
from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3


class Swapped(TD3):
    """Moves each module by tau towards its target."""

    @torch.no_grad()
    def _update_targets(self) -> None:
        modules, tau = self.modules(), self.config.tau
        encoder_tau = self.config.encoder_tau or tau
        distinct = {id(target): (name, target) for name, target in self.targets.items()}
        for name, target in distinct.values():
            if target is not modules[name]:
                share = encoder_tau if name.endswith("encoder") else tau
                moved: list[Tensor] = list(modules[name].parameters())
                torch._foreach_lerp_(moved, list(target.parameters()), share)


@fault(
    "soft_update_swapped",
    causes=("target_wrong",),
    source="a classic of DDPG code: soft_update(local, target) here, (target, local) there",
    caught_by=("wiring.targets", "targets.follow"),
    blind=5,
)
def soft_update_swapped(build: Build) -> Build:
    """Polyak averaging moves the trained networks towards their targets, which stand still."""
    return with_agent(build, Swapped)
