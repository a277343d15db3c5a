"""How much the critic tells actions apart."""

import torch

from rca.probes.engine import Number, probe_from_start
from rca.probes.forward import look
from rca.td3.agent import TD3
from rca.td3.events import Updated

STATES, ACTIONS = 8, 16
"""Looked at: one pass of a batch's size through the MLP of one critic."""


@probe_from_start("critic/action_spread", on=Updated, unit="reward", cost="rare")
class ActionSpread:
    """Standard deviation of Q1 over actions drawn evenly from all that there are, mean over states.

    About 0: Q ignores the action (signals.md, action sensitivity; Cetin et al. 2022). Where
    `critic/action_sensitivity` is the slope at stored actions, this is what the whole range is
    worth. The actions are the same in all states and readings.
    """

    def __init__(self, agent: TD3) -> None:
        own = torch.Generator().manual_seed(0)  # no number of the run's generators is drawn
        self._actions = 2 * torch.rand(ACTIONS, agent.shapes.action, generator=own) - 1

    def __call__(self, event: Updated) -> Number:
        """Returns the spread."""
        seen = look(event)
        features, vector = seen.features[:STATES], seen.vector[:STATES]
        states = len(vector)
        actions = self._actions.to(vector.device).repeat(states, 1)
        q1 = event.agent.critic.q1(
            features.repeat_interleave(ACTIONS, 0), vector.repeat_interleave(ACTIONS, 0), actions
        )
        return q1.view(states, ACTIONS).std(dim=1).mean()
