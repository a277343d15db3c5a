"""Gradients are accumulated over eight updates before an optimizer steps.

It is meant for batches that do not fit on a GPU. Here a batch fits many times over: each update is
counted and logged, an eighth of them moves a weight, and the targets move all the same.
"""

from itertools import count
from typing import Any

from torch.optim import Optimizer

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3

EVERY = 8
"""Updates whose gradients are added up."""


def accumulate(optimizer: Optimizer) -> None:
    step, zero_grad, calls = optimizer.step, optimizer.zero_grad, count(1)

    def step_in_turn(*_: Any) -> None:
        if next(calls) % EVERY == 0:
            step()
            zero_grad()

    optimizer.step = step_in_turn  # type: ignore[method-assign, assignment]
    optimizer.zero_grad = lambda *_: None  # type: ignore[method-assign]


def alter(agent: TD3) -> None:
    accumulate(agent.actor_optimizer)
    accumulate(agent.critic_optimizer)


@fault(
    "gradients_of_eight_updates",
    causes=("optimizer_wrong", "update_ratio_wrong", "gradients_pile_up"),
    source="accumulation_steps of fine-tuning scripts: `if (i + 1) % accumulation_steps == 0:"
    " optimizer.step(); optimizer.zero_grad()`, kept with the rest of a training step",
    blind=7,
)
def gradients_of_eight_updates(build: Build) -> Build:
    """Optimizers step at every eighth update, by gradients added up over eight batches."""
    return with_altered_agent(build, alter)
