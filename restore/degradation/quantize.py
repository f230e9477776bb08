"""What storing a picture in 8 bit does to it."""

from __future__ import annotations

import torch
from torch import Tensor

from restore.degradation.base import Degradation


class Quantize(Degradation):
    """Clips to [0, 1] and rounds to multiples of 1/255; draws nothing. Its gradient is zero.

    Example:
        >>> Quantize()(torch.tensor([-0.2, 0.5001, 1.7]), torch.Generator()) * 255
        tensor([  0., 128., 255.])
    """

    def forward(self, clean: Tensor, generator: torch.Generator) -> Tensor:
        """The same pictures as an 8-bit file holds them."""
        return (clean.clamp(0, 1) * 255).round() / 255
