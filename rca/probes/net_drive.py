"""Whether the executed actions push the car forward or hold it."""

from rca.probes.engine import Number, probe
from rca.td3.events import Stepped


@probe("explore/net_drive", on=Stepped, unit="1")
def net_drive(event: Stepped) -> Number:
    """Returns throttle minus brake: the action's last entry."""
    return float(event.action[-1])
