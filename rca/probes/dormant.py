"""Which units hardly ever say anything."""

import torch

from rca.probes.engine import Number, probe
from rca.probes.forward import look
from rca.td3.events import Updated

DORMANT = 0.025
"""Share of its layer's mean activation below which a unit is dormant (Sokar et al. 2023)."""


@probe("*/dormant", on=Updated, unit="1", cost="rare")
def dormant(event: Updated) -> dict[str, Number]:
    """Returns the share of dormant units per module; channels count as units."""
    return {
        name: torch.cat([_is_dormant(layer) for layer in layers]).mean()
        for name, layers in look(event).units.items()
    }


def _is_dormant(layer: torch.Tensor) -> torch.Tensor:
    """Returns 1.0 or 0.0 per unit, NaN in a layer that holds one."""
    mean = layer.mean()
    return torch.where(mean.isnan(), mean, (layer <= DORMANT * mean).float())
