"""Whether somebody else steps the environment that is trained in."""

import math

from rca.probes.engine import Number, probe
from rca.td3.events import EpisodeEnded


@probe("episode/foreign_steps", on=EpisodeEnded, unit="steps")
def foreign_steps(event: EpisodeEnded) -> Number | None:
    """Returns the environment's count of steps since the reset minus the trainer's."""
    return None if math.isnan(event.frames) else event.frames - event.length
