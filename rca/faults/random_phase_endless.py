"""The end of the random phase is counted in the steps of an episode, which never has as many."""

import numpy as np
from numpy.typing import NDArray

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3
from rca.td3.replay import Obs


class NeverAsked(TD3):
    """Drives at random for the whole training; only evaluations ask the policy."""

    def act(self, obs: Obs, noise: float, rng: np.random.Generator) -> NDArray[np.float32]:
        if not noise > 0:
            return super().act(obs, noise, rng)
        low = np.full(self.shapes.action, -1.0)
        low[-1] = self.config.random_pedal_min
        return rng.uniform(low, 1.0).astype(np.float32)


@fault(
    "random_phase_endless",
    causes=("policy_not_driving", "action_path_wrong", "exploration_noise_high"),
    source="a slip of home-made loops: `if t < start_steps` with a t that each reset sets to 0",
    caught_by=("wiring.exploration",),
    blind=4,
)
def random_phase_endless(build: Build) -> Build:
    """Training goes on with uniform random actions after learning has begun."""
    return with_agent(build, NeverAsked)
