"""How long an episode goes on after the car touched a lane marking."""

import math

from rca.probes.engine import Number, probe
from rca.td3.events import EpisodeEnded


@probe("episode/after_touch", on=EpisodeEnded, unit="steps")
def after_touch(event: EpisodeEnded) -> Number | None:
    """Returns the steps after the first touch; not read where none was, or nobody says so."""
    return None if math.isnan(event.after_touch) else event.after_touch
