"""The actor's loss lacks its minus."""

from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.events import Emit


class Descending(TD3):
    """Minimises Q1 instead of its negative."""

    def _update_actor(
        self, image: Tensor, vector: Tensor, features: Tensor, emit: Emit, step: int
    ) -> Tensor:
        right = self.critic.q1

        def negated(features: Tensor, vector: Tensor, action: Tensor) -> Tensor:
            return -right(features, vector, action)

        self.critic.q1 = negated  # type: ignore[method-assign]
        try:
            return super()._update_actor(image, vector, features, emit, step)
        finally:
            del self.critic.q1


@fault(
    "actor_loss_sign",
    causes=("policy_loss_wrong",),
    caught_by=("wiring.recomputed",),
    source="a classic: `critic.Q1(state, actor(state)).mean()` as a loss, without its minus",
)
def actor_loss_sign(build: Build) -> Build:
    """The actor's loss lacks its minus: the actor looks for the worst action."""
    return with_agent(build, Descending)
