"""The optimizers are made in the function that does one update."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.events import Emit
from rca.td3.replay import Batch


class Anew(TD3):
    """Has no moments: each step is Adam's first, the rate times the gradient's sign."""

    def update(self, batch: Batch, emit: Emit, step: int) -> None:
        self.actor_optimizer, self.critic_optimizer = (
            self._adam(*(group["name"] for group in optimizer.param_groups))
            for optimizer in (self.actor_optimizer, self.critic_optimizer)
        )
        super().update(batch, emit, step)


@fault(
    "optimizers_made_anew",
    causes=("optimizer_wrong",),
    source="a classic of PyTorch code: torch.optim.Adam(...) inside the training step",
    caught_by=("wiring.recomputed",),
    blind=3,
)
def optimizers_made_anew(build: Build) -> Build:
    """The optimizers are made anew at every update and lose Adam's moments."""
    return with_agent(build, Anew)
