"""Adam has the epsilon of another optimizer, far above the size of a weight's gradient.

What Adam divides by is then nearly constant: steps are a few percent of the learning rate, smaller
still where gradients are small, and the actor, whose gradients are the smallest, hardly moves.
"""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3

EPSILON = 0.01
"""Of Mnih et al. 2015's RMSProp; Adam's own is 1e-8."""


def alter(agent: TD3) -> None:
    for optimizer in (agent.actor_optimizer, agent.critic_optimizer):
        for group in optimizer.param_groups:
            group["eps"] = EPSILON


@fault(
    "adam_epsilon_of_rmsprop",
    causes=("optimizer_wrong", "learning_rate_wrong"),
    source="the 0.01 of DQN's RMSProp, or the 0.1 that TensorFlow's notes on Adam mention, taken"
    " over with the optimizer's other arguments",
    caught_by=("wiring.recomputed",),
    blind=6,
)
def adam_epsilon_of_rmsprop(build: Build) -> Build:
    """Adam's epsilon is 0.01, which outweighs the gradients that it is to guard."""
    return with_altered_agent(build, alter)
