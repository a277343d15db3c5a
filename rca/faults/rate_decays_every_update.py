"""A learning rate schedule meant for epochs is stepped at every update."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.events import Emit
from rca.td3.replay import Batch

DECAY = 0.99
"""Per update: a thousandth is left after 690 of them."""


class Fading(TD3):
    """Shortens every step size after each update."""

    def update(self, batch: Batch, emit: Emit, step: int) -> None:
        super().update(batch, emit, step)
        for optimizer in (self.actor_optimizer, self.critic_optimizer):
            for group in optimizer.param_groups:
                group["lr"] *= DECAY


@fault(
    "rate_decays_every_update",
    causes=("learning_rate_wrong", "actor_frozen"),
    source="a classic of PyTorch code: scheduler.step() inside the loop over batches",
    caught_by=("wiring.learning_rates", "wiring.recomputed"),
    blind=1,
)
def rate_decays_every_update(build: Build) -> Build:
    """The learning rates shrink by 1% at every update until nothing moves."""
    return with_agent(build, Fading)
