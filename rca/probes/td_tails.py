"""How heavy the tails of the temporal-difference errors are."""

import torch

from rca.probes.engine import Number, probe
from rca.td3.events import Updated


@probe("critic/td_tail", on=Updated, unit="1", cost="slow")
def td_tail(event: Updated) -> Number:
    """Returns the 99th percentile of |Q1 - target| over the median; NaN if that is 0."""
    error = (event.q1 - event.target).abs()
    middle, far = torch.quantile(error, error.new_tensor([0.5, 0.99]))
    return far / middle if middle > 0 else float("nan")


@probe("critic/td_kurtosis", on=Updated, unit="1", cost="slow")
def td_kurtosis(event: Updated) -> Number:
    """Returns the kurtosis of Q1 - target: 3 for a Gaussian."""
    centred = event.q1 - event.target - (event.q1 - event.target).mean()
    return (centred**4).mean() / (centred**2).mean() ** 2
