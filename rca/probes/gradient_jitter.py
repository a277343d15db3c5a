"""How rough the gradient is that the critics send into their encoder's feature maps."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from rca.probes.engine import Number, probe
from rca.probes.forward import ROWS
from rca.td3.events import Updated
from rca.td3.networks import scaled

SMALLEST_MAP = 3
"""Pixels each way below which a feature map has no pixel with all its neighbours."""
TINY = 1e-20
"""Added to squared gradients, so that where all are 0 nothing is divided by 0 (as A-LIX does)."""


@probe("critic_encoder/grad_jitter", on=Updated, unit="1", cost="rare")
def grad_jitter(event: Updated) -> Number | None:
    """Returns the normalised discontinuity score of dL/dz; None if every map is below 3x3.

    z is the deepest feature map of at least 3x3 pixels, L the critics' loss on the first rows of
    the batch. Of the rows' mean gradient, per pixel: the mean square of the differences to its
    eight neighbours over the neighbours' mean square; the score is the mean of log(1 + that)
    (A-LIX, Cetin et al. 2022, whose z is the encoder's last map). 0: smooth; noise in which no
    pixel has to do with the next has about 0.9 in a 3x3 map and 1.05 in a large one.
    """
    agent, obs = event.agent, event.batch.obs
    maps, rest = _deepest(agent.critic_encoder.layers, scaled(obs.image[:ROWS]))
    if maps is None:
        return None
    with torch.enable_grad():
        features = rest(maps.requires_grad_(True))
        q1, q2 = agent.critic(features, obs.vector[:ROWS], event.batch.action[:ROWS])
        target = event.target[:ROWS]
        loss = functional.mse_loss(q1, target) + functional.mse_loss(q2, target)
        (slope,) = torch.autograd.grad(loss, maps)
    return discontinuity(slope.mean(0))


def _deepest(layers: nn.Sequential, image: Tensor) -> tuple[Tensor | None, nn.Sequential]:
    """Returns the deepest map that is large enough, after its activation, and what follows it."""
    found: Tensor | None = None
    rest = layers
    for index, layer in enumerate(layers):
        image = layer(image)
        if image.dim() != 4 or min(image.shape[2:]) < SMALLEST_MAP:
            break
        found, rest = image, nn.Sequential(*list(layers)[index + 1 :])
    return found, rest


def discontinuity(slope: Tensor) -> Tensor:
    """Returns the score of a gradient by feature maps, [channels, height, width]."""
    channels, height, width = slope.shape
    # At the border a pixel's missing neighbours are the nearest ones that are there.
    padded = functional.pad(slope[None], (1, 1, 1, 1), mode="replicate")
    around = functional.unfold(padded.transpose(0, 1), 3).view(channels, 9, height, width)
    ours = slope[:, None]
    size = (around.square().sum(1) - slope.square()) / 8
    rough = (around - ours).square().sum(1) / 8
    return torch.log1p(rough / (size + TINY)).mean()
