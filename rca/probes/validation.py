"""Whether the critic knows transitions that it never learned from."""

import torch

from rca.probes.engine import Number, probe_from_start
from rca.td3.agent import TD3
from rca.td3.events import Evaluated, Event
from rca.td3.replay import Batch


@probe_from_start("critic/validation_td", on=Evaluated, unit="1")
class ValidationTd:
    """Mean |Q1 - target| on transitions of the evaluation over that on stored ones (Li 2023).

    The evaluation drives without noise on other routes, so that a ratio above 1 may also come
    from states that the random phase never reached.
    """

    def __init__(self, agent: TD3) -> None:
        self._agent = agent

    def __call__(self, event: Event) -> Number | None:
        """Returns the ratio; None before the first update, NaN if the stored ones fit exactly."""
        assert isinstance(event, Evaluated)
        if event.held_out is None or event.trained is None or not event.updates:
            return None
        held_out, trained = (self._error(batch) for batch in (event.held_out, event.trained))
        return held_out / trained if trained > 0 else float("nan")

    def _error(self, batch: Batch) -> torch.Tensor:
        agent, batch = self._agent, batch.to(self._agent.device)
        state = agent.smoothing.get_state()
        try:
            target = agent._target_value(batch)
        finally:
            agent.smoothing.set_state(state)
        q1 = agent.critic.q1(agent.critic_encoder(batch.obs.image), batch.obs.vector, batch.action)
        return (q1 - target).abs().mean()
