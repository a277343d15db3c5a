"""How evaluation episodes end, counted by the reasons that the environment gives."""

from collections.abc import Mapping

from rca.probes.engine import Number, probe
from rca.td3.events import Evaluated

REASONS = ("goal", "collision")
"""Reasons that a counter of successes or collisions should agree with."""


@probe("evaluation/ended_*", on=Evaluated, unit="1")
def ended(event: Evaluated) -> Mapping[str, Number] | None:
    """Returns the share of episodes that ended at the goal or in a collision.

    Nothing unless the environment names the reason of each.
    """
    reasons = [episode.end_reason for episode in event.episodes]
    if not reasons or not all(reasons):
        return None
    return {reason: reasons.count(reason) / len(reasons) for reason in REASONS}
