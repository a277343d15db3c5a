"""What the images that are learned from show: whether they move, whether there is anything."""

import torch

from rca.probes.engine import Number, probe
from rca.probes.forward import ROWS
from rca.td3.events import Updated


@probe("observation/duplicates", on=Updated, unit="1", cost="rare")
def duplicates(event: Updated) -> Number | None:
    """Returns the share of stacks whose last two frames are equal; None for single frames."""
    image = event.batch.obs.image[:ROWS]  # [rows, frames, height, width]
    if image.shape[1] < 2:
        return None
    return (image[:, -1] == image[:, -2]).flatten(1).all(1).float().mean()


@probe("observation/spread", on=Updated, unit="1", cost="rare")
def spread(event: Updated) -> Number:
    """Returns the mean standard deviation over the pixels of an image, in [0, 1]."""
    image = event.batch.obs.image[:ROWS].to(torch.float32) / 255
    return image.flatten(1).std(dim=1).mean()
