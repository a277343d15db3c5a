"""Whether an episode that ran out of time counts as ended by itself."""

from rca.probes.engine import Number, probe
from rca.td3.events import EpisodeEnded


@probe("episode/time_out_terminal", on=EpisodeEnded, unit="1")
def time_out_terminal(event: EpisodeEnded) -> Number | None:
    """Returns 1.0 if its time-out is terminal, 0.0 if it is a truncation; else nothing."""
    return float(event.terminated) if event.end_reason == "time_out" else None
