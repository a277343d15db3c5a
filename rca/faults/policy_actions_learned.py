"""The critics are fitted at the policy's action, not at the one that was executed."""

from dataclasses import replace

import torch

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.events import Emit
from rca.td3.replay import Batch


class OwnActions(TD3):
    """Credits what the actor would do now with what another action earned."""

    def update(self, batch: Batch, emit: Emit, step: int) -> None:
        batch = batch.to(self.device)
        with torch.no_grad():
            action = self.actor(self.actor_encoder(batch.obs.image), batch.obs.vector)
        super().update(replace(batch, action=action), emit, step)


@fault(
    "policy_actions_learned",
    causes=("replay_wrong", "action_path_wrong"),
    source="a slip of home-made DDPG code: actor(state) in the critic's loss as in the actor's",
    caught_by=("wiring.actions",),
    blind=1,
)
def policy_actions_learned(build: Build) -> Build:
    """The critics learn about the policy's present actions instead of the executed ones."""
    return with_agent(build, OwnActions)
