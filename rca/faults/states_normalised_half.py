"""Vectors are normalised where the policy acts and not where it learns."""

import numpy as np
import torch
from numpy.typing import NDArray

from rca.build import Build
from rca.config import AgentConfig
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.networks import Shapes
from rca.td3.replay import Obs

BOUND = 5.0
"""Of normalised values, as in Baselines' HER and DDPG."""


class HalfNormalised(TD3):
    """Keeps a running mean and deviation (Welford) of the vectors that it explores with."""

    def __init__(
        self,
        config: AgentConfig,
        shapes: Shapes,
        *,
        init: torch.Generator,
        smoothing: torch.Generator,
    ) -> None:
        super().__init__(config, shapes, init=init, smoothing=smoothing)
        self._count = 0
        self._mean = np.zeros(shapes.vector)
        self._squares = np.zeros(shapes.vector)

    def act(self, obs: Obs, noise: float, rng: np.random.Generator) -> NDArray[np.float32]:
        if noise > 0:
            self._count += 1
            before = obs["vector"] - self._mean
            self._mean = self._mean + before / self._count
            self._squares = self._squares + before * (obs["vector"] - self._mean)
        return super().act({**obs, "vector": self._normalised(obs["vector"])}, noise, rng)

    def _normalised(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._count < 2:
            return vector
        deviation = np.sqrt(self._squares / self._count) + 1e-2
        normalised = np.clip((vector - self._mean) / deviation, -BOUND, BOUND)
        return normalised.astype(np.float32)


@fault(
    "states_normalised_half",
    causes=("acts_on_another_input", "observation_unscaled"),
    source="a slip of DDPG code with a running normaliser: select_action has it, learn has not",
    caught_by=("wiring.acting",),
    blind=2,
)
def states_normalised_half(build: Build) -> Build:
    """The policy acts on normalised vectors and is trained on those as they were."""
    return with_agent(build, HalfNormalised)
