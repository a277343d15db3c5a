"""What the critics say of the batch, and how much they disagree."""

from rca.probes.engine import Number, probe
from rca.td3.events import Updated


@probe("critic/q_spread", on=Updated, unit="reward")
def q_spread(event: Updated) -> Number:
    """Returns the mean of |Q1 - Q2| over the batch."""
    return (event.q1 - event.q2).abs().mean()


@probe("critic/*", on=Updated, unit="reward")
def q_levels(event: Updated) -> dict[str, Number]:
    """Returns means and extremes over the batch."""
    return {
        "q1_mean": event.q1.mean(),
        "q2_mean": event.q2.mean(),
        "q1_min": event.q1.min(),
        "q1_max": event.q1.max(),
        "q1_std": event.q1.std(),
        "target_mean": event.target.mean(),
    }
