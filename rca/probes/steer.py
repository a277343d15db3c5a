"""Where the car is steered to."""

import math

from rca.probes.engine import Reading, probe
from rca.td3.events import Stepped


@probe("explore/steer", on=Stepped, unit="1")
def steer(event: Stepped) -> Reading:
    """Returns the executed steering: the first of a car's two entries; nothing without a car."""
    is_car = event.action.size == 2 and not math.isnan(event.speed)
    return float(event.action[0]) if is_car else None
