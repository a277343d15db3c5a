"""The critics are frozen for the actor's loss and never thawed."""

from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.events import Emit


class Freezing(TD3):
    """Spares the actor's loss the critics' gradients, once and for all."""

    def _update_actor(
        self, image: Tensor, vector: Tensor, features: Tensor, emit: Emit, step: int
    ) -> Tensor:
        self.critic.requires_grad_(False)
        return super()._update_actor(image, vector, features, emit, step)


@fault(
    "freeze_forgotten",
    causes=("critic_frozen", "critic_twin_untrained"),
    source="the freeze of Spinning Up's DDPG, TD3 and SAC copied without its second half",
    caught_by=("wiring.recomputed",),
    blind=2,
)
def freeze_forgotten(build: Build) -> Build:
    """Both critics' MLPs stop learning at the first update of the actor."""
    return with_agent(build, Freezing)
