"""Whether the executed actions push the car forward or hold it."""

import math

from rca.probes.engine import Reading, probe
from rca.td3.events import Stepped


@probe("explore/net_drive", on=Stepped, unit="1")
def net_drive(event: Stepped) -> Reading:
    """Returns throttle minus brake of the action; nothing where its last entry is no such pedal."""
    if math.isnan(event.max_brake):
        return None
    pedal = float(event.action[-1])
    return pedal * event.max_brake if pedal < 0 else pedal
