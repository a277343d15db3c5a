"""The critics' target asks the online policy for the next action."""

from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.replay import Batch


class Impatient(TD3):
    """Evaluates the target critics at the action of the actor that is being trained."""

    def _target_value(self, batch: Batch) -> Tensor:
        slow = dict(self.targets)
        self.targets.update(actor=self.actor, actor_encoder=self.actor_encoder)
        try:
            return super()._target_value(batch)
        finally:
            self.targets.update(slow)


@fault(
    "online_actor_in_target",
    causes=("target_value_wrong", "target_wrong"),
    source="SAC's target, which is right to ask the online policy, carried over to TD3",
    caught_by=("wiring.recomputed",),
    blind=1,
)
def online_actor_in_target(build: Build) -> Build:
    """The critics' target takes its next action from the online actor."""
    return with_agent(build, Impatient)
