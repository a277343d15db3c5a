"""Which part of the reward paid or cost how much."""

from rca.probes.engine import Reading, probe
from rca.td3.events import Stepped


@probe("reward/*", on=Stepped, unit="reward")
def terms(event: Stepped) -> Reading:
    """Returns the named parts of the step's reward; they add up to it."""
    return event.reward_terms
