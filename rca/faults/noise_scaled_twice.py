"""The exploration noise is multiplied by its scale again."""

import numpy as np
from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.replay import Obs


class Squared(TD3):
    """Explores with the square of the noise."""

    def act(self, obs: Obs, noise: float, rng: np.random.Generator) -> NDArray[np.float32]:
        return super().act(obs, noise**2, rng)


@fault(
    "noise_scaled_twice",
    causes=("config_not_read",),
    caught_by=("wiring.exploration",),
    source="seen in forks: sigma applied in two places",
)
def noise_scaled_twice(build: Build) -> Build:
    """The exploration noise is multiplied by its scale again."""
    return with_agent(build, Squared)
