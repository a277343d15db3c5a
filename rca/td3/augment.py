"""Random shifts of images, the augmentation of DrQ (Yarats et al. 2021)."""

import torch
from torch import Tensor


def randomly_shifted(image: Tensor, pixels: int, generator: torch.Generator) -> Tensor:
    """Returns each image moved by its own whole number of pixels; its edges are repeated.

    Args:
        image: Any dtype. [batch, frames, height, width]
        pixels: Largest shift in each direction; 0 returns the images as they are.
        generator: Source of the shifts.
    """
    if pixels == 0:
        return image
    batch, _, height, width = image.shape
    device = image.device
    down, right = torch.randint(-pixels, pixels + 1, (2, batch, 1), generator=generator).to(device)
    rows = (torch.arange(height, device=device) + down).clamp(0, height - 1)  # [batch, height]
    columns = (torch.arange(width, device=device) + right).clamp(0, width - 1)  # [batch, width]
    item = torch.arange(batch, device=device)[:, None, None]
    channels_last = image.permute(0, 2, 3, 1)[item, rows[:, :, None], columns[:, None, :]]
    return channels_last.permute(0, 3, 1, 2)
