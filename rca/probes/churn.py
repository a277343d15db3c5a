"""How far one update moves the policy's actions."""

import torch

from rca.probes.engine import Number, probe_from_start
from rca.probes.forward import ROWS, look
from rca.td3.agent import TD3
from rca.td3.events import CriticGrads, Event, Updated
from rca.td3.networks import scaled


@probe_from_start("actor/churn", on=(CriticGrads, Updated), unit="1", cost="rare")
class Churn:
    """Mean distance between the policy's actions before and after one update of the actor.

    On states of the update's own batch (Schaul et al. 2022, policy churn, for continuous actions).
    """

    def __init__(self, agent: TD3) -> None:
        self._before = torch.empty(0)
        self._update = 0

    def __call__(self, event: Event) -> Number | None:
        """Returns the distance after an update of the actor."""
        assert isinstance(event, CriticGrads | Updated)
        if isinstance(event, CriticGrads):
            agent, obs = event.agent, event.batch.obs
            features = agent.actor_encoder(scaled(obs.image[:ROWS]))
            self._before, self._update = agent.actor(features, obs.vector[:ROWS]), event.update
            return None
        if event.actor_loss is None or event.update != self._update:
            return None
        way: torch.Tensor = torch.linalg.vector_norm(look(event).policy - self._before, dim=1)
        return way.mean()
