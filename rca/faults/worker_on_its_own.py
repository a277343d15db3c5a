"""Another copy of the actor drives, and it never gets the trained weights.

Nearest cause: the actor is trained, but the one that drives is not.
"""

import copy

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

ACTING = ("actor_encoder", "actor")
"""What a worker needs of an agent."""


class OwnWorker(TD3):
    """Sends its first weights to a worker and forgets to send the later ones."""

    def __init__(
        self,
        config: AgentConfig,
        shapes: Shapes,
        *,
        init: torch.Generator,
        smoothing: torch.Generator,
    ) -> None:
        super().__init__(config, shapes, init=init, smoothing=smoothing)
        self._sent = {name: copy.deepcopy(getattr(self, name)) for name in ACTING}

    def to(self, device: torch.device) -> None:
        super().to(device)
        for module in self._sent.values():
            module.to(device)

    def act(self, obs: Obs, noise: float, rng: np.random.Generator) -> NDArray[np.float32]:
        trained = {name: getattr(self, name) for name in ACTING}
        vars(self).update(self._sent)
        try:
            return super().act(obs, noise, rng)
        finally:
            vars(self).update(trained)


@fault(
    "worker_on_its_own",
    causes=("policy_not_driving", "actor_frozen", "action_path_wrong"),
    source="a classic of actor-learner code: the workers' weights are never synchronised",
    caught_by=("wiring.exploration",),
    blind=2,
)
def worker_on_its_own(build: Build) -> Build:
    """Driving and evaluation use a copy of the first policy instead of the trained one."""
    return with_agent(build, OwnWorker)
