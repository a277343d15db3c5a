"""Exploration noise stays on in evaluation."""

import numpy as np
from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.replay import Obs


class NeverQuiet(TD3):
    """Acts with noise wherever it is asked to be quiet."""

    def act(self, obs: Obs, noise: float, rng: np.random.Generator) -> NDArray[np.float32]:
        return super().act(obs, noise or 0.5, rng)


@fault(
    "noise_in_evaluation",
    causes=("evaluation_noisy",),
    caught_by=("evaluation.deterministic",),
    source="Henderson et al. 2018",
)
def noise_in_evaluation(build: Build) -> Build:
    """Exploration noise stays on in evaluation."""
    return with_agent(build, NeverQuiet)
