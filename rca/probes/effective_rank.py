"""How many directions the critic's features use."""

import torch

from rca.probes.engine import Number, probe
from rca.probes.forward import look
from rca.td3.events import Updated

KEPT = 0.99
"""Share of the sum of singular values that has to be covered (Kumar et al. 2021)."""


@probe("critic_encoder/effective_rank", on=Updated, unit="1", cost="rare")
def effective_rank(event: Updated) -> Number:
    """Returns the fewest singular values whose sum is 99% of all; at most the rows looked at."""
    features = look(event).features.double()
    if not torch.isfinite(features).all():
        return float("nan")
    # Eigenvalues of the small Gram matrix: 4 times as fast as singular values.
    values: torch.Tensor = torch.linalg.eigvalsh(features @ features.T).clamp(min=0).sqrt().flip(0)
    covered = values.cumsum(0) / values.sum()
    return (covered < KEPT).sum().float() + 1
