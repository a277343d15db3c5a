"""The value after several steps is discounted as if it came after one."""

from dataclasses import replace

from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent, with_settings
from rca.td3.agent import TD3
from rca.td3.replay import Batch


class OnceDiscounted(TD3):
    """Multiplies the value at the end of a sum of rewards by the discount of one step."""

    def _target_value(self, batch: Batch) -> Tensor:
        return super()._target_value(replace(batch, steps=1.0))


@fault(
    "bootstrap_of_three",
    causes=("target_value_wrong", "discount_wrong"),
    source="FastTD3 issue 6: gamma where gamma ** n_steps is due",
    caught_by=("wiring.recomputed",),
    blind=2,
)
def bootstrap_of_three(build: Build) -> Build:
    """The bootstrapped value of an n-step return is discounted by one step instead of n."""
    several = with_settings(build, agent__n_step=max(3, build.config.agent.n_step))
    return with_agent(several, OnceDiscounted)
