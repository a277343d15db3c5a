"""Targets are copied whole, as in DQN, and rarely.

For half of a thousand updates the critics are fitted to values of the networks as they were drawn,
and then all targets jump at once. `tau` is read by nobody.
"""

import torch

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3

EVERY = 500
"""Critic updates between two copies: target_network_update_freq of Stable Baselines' DQN."""


class Copies(TD3):
    """Copies its networks into the targets where it should mix them in."""

    @torch.no_grad()
    def _update_targets(self) -> None:
        if self.critic_updates % EVERY == 0:
            for name, module in self.modules().items():
                if self.targets[name] is not module:
                    self.targets[name].load_state_dict(module.state_dict())


@fault(
    "target_copied_every_500",
    causes=("target_wrong", "config_not_read"),
    source="the hard update of DQN code kept when it was turned into DDPG, with its interval",
    blind=7,
)
def target_copied_every_500(build: Build) -> Build:
    """Targets stand still for 500 updates and are then copied whole."""
    return with_agent(build, Copies)
