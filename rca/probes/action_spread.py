"""Which actions the policy takes in evaluations, and which are stored."""

import torch

from rca.probes.spread import Values, spread
from rca.td3.agent import TD3
from rca.td3.events import Evaluated
from rca.td3.replay import Batch


@spread("evaluation/action/*", unit="1", bounds=(-1.0, 1.0))
def evaluated_actions(event: Evaluated, agent: TD3) -> Values:
    """Returns each entry of actions taken without noise on held-out routes.

    A draw from the newest HELD_OUT steps of the evaluation (rca/td3/train.py).
    """
    return _by_entry(event.held_out)


@spread("replay/action/*", unit="1", bounds=(-1.0, 1.0))
def stored_actions(event: Evaluated, agent: TD3) -> Values:
    """Returns each entry of the actions that are learned from."""
    return _by_entry(event.trained)


def _by_entry(batch: Batch | None) -> dict[str, torch.Tensor]:
    return {} if batch is None else {str(i): one for i, one in enumerate(batch.action.T)}
