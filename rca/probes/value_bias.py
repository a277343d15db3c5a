"""Whether the critic promises more than evaluation episodes bring."""

import numpy as np

from rca.probes.engine import Number, probe
from rca.td3.events import Evaluated


@probe("critic/value_bias", on=Evaluated, unit="1")
def value_bias(event: Evaluated) -> Number | None:
    """Returns mean(Q1 - G) over |mean G| at the episodes' first states, G their discounted return.

    Episodes cut off while later rewards still counted are left out; None if none remains.
    """
    promised = np.array([episode.first_value for episode in event.episodes])
    brought = np.array([episode.discounted_return for episode in event.episodes])
    known = ~np.isnan(brought)
    if not known.any():
        return None
    mean = abs(float(brought[known].mean()))
    return float((promised - brought)[known].mean()) / mean if mean > 0 else float("nan")
