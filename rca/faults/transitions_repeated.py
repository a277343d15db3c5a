"""A batch holds the same few transitions again and again."""

import numpy as np
import torch
from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Batch, Observations, Replay

TIMES = 8
"""How often each transition is in a batch."""


class Repeating(Replay):
    """Draws an eighth of a batch and repeats it."""

    def sample(
        self, size: int, rng: np.random.Generator, n_step: int = 1, discount: float = 1.0
    ) -> Batch:
        drawn = super().sample(-(-size // TIMES), rng, n_step, discount)

        def again(column: Tensor) -> Tensor:
            return column.repeat_interleave(TIMES, 0)[:size]

        return Batch(
            Observations(*map(again, drawn.obs)),
            again(drawn.action),
            again(drawn.reward),
            Observations(*map(again, drawn.next_obs)),
            again(drawn.terminated),
            again(drawn.steps) if isinstance(drawn.steps, torch.Tensor) else drawn.steps,
        )


@fault(
    "transitions_repeated",
    causes=("replay_wrong",),
    caught_by=("wiring.batches",),
    source="RLMutation: repeated transitions",
)
def transitions_repeated(build: Build) -> Build:
    """A batch holds the same few transitions again and again."""
    return with_replay(build, Repeating)
