"""The pictures that enter an agent's encoders."""

from collections import deque

import torch

MAX_PICTURES = 16
"""Newest batches that are kept between two steps of the optimizers; an update has two to six."""


class Pictures:
    """Keeps what entered each encoder's first convolution.

    Attributes:
        pixels: Largest absolute value by encoder; NaN once one was NaN.
        batches: What entered encoders that are not the actor's alone, batches only, since they were
            last taken; each [batch, channels, rows, columns].
        acted: Encoder and the single picture that entered it last, [channels, rows, columns].
    """

    def __init__(self) -> None:
        self.pixels: dict[str, float] = {}
        self.batches: deque[torch.Tensor] = deque(maxlen=MAX_PICTURES)
        self.acted: dict[str, torch.Tensor] = {}

    def enter(self, encoder: str, tensor: torch.Tensor) -> None:
        """Takes note of what enters an encoder, [batch, channels, rows, columns]."""
        largest = float(tensor.detach().abs().max())
        pair = torch.tensor([self.pixels.get(encoder, 0.0), largest])
        self.pixels[encoder] = float(pair.max())  # unlike Python's max it keeps NaN
        if len(tensor) > 1 and not encoder.startswith("actor"):
            self.batches.append(tensor.detach())
        elif len(tensor) == 1 and tensor.dim() == 4:
            self.acted[encoder] = tensor[0].detach().clone()  # its memory may be used again
