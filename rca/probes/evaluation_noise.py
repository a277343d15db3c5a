"""Whether the policy is evaluated without noise."""

from rca.probes.engine import Number, probe
from rca.td3.events import Evaluated


@probe("evaluation/action_gap", on=Evaluated, unit="1")
def action_gap(event: Evaluated) -> Number:
    """Returns the largest difference between two greedy actions for one observation."""
    return max(episode.action_gap for episode in event.episodes)
