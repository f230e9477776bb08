"""Gaussian blur of unknown width."""

from __future__ import annotations

import torch
from kornia.filters import gaussian_blur2d
from torch import Tensor

from restore.degradation.base import Degradation
from restore.degradation.random import uniform
from restore.errors import ConfigError


class GaussianBlur(Degradation):
    """Blurs each picture with a Gaussian of its own width; beyond the border the picture is mirrored, edge included.

    Args:
        sigma: width in pixels, above 0; a pair (low, high) draws one for each picture between the two.
        kernel_size: side of the kernel, odd; about six times sigma holds all of it.

    Raises:
        ConfigError: sigma is not above 0, the pair is the wrong way round, or the kernel's side is even.

    Example:
        >>> blur = GaussianBlur((0.5, 2.0), kernel_size=13)
        >>> blur(torch.rand(2, 3, 16, 16), torch.Generator().manual_seed(0)).shape
        torch.Size([2, 3, 16, 16])
    """

    def __init__(self, sigma: float | tuple[float, float] = (0.2, 2.0), kernel_size: int = 13) -> None:
        super().__init__()
        low, high = sigma if isinstance(sigma, (tuple, list)) else (sigma, sigma)
        if not 0 < low <= high:
            raise ConfigError(f"sigma is one number above 0, or a pair (low, high) in pixels, got {sigma}.")
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ConfigError(f"kernel_size must be odd, got {kernel_size}; take {kernel_size + 1}.")
        self.low, self.high = float(low), float(high)
        self.kernel_size = kernel_size
        self.margin = kernel_size // 2

    def forward(self, clean: Tensor, generator: torch.Generator) -> Tensor:
        """The blurred pictures; the generator is asked for one number a picture."""
        sigma = uniform(clean, self.low, self.high, generator).reshape(-1, 1).expand(-1, 2)  # (N, 2)
        around = self.margin
        rows, columns = (_mirrored(side, around).to(clean.device) for side in clean.shape[-2:])
        wide = clean[..., rows[:, None], columns]  # (N, C, H + 2 margin, W + 2 margin)
        soft = gaussian_blur2d(wide, (self.kernel_size, self.kernel_size), sigma, border_type="constant")
        return soft[..., around : soft.shape[-2] - around, around : soft.shape[-1] - around]


def _mirrored(side: int, around: int) -> Tensor:
    """Places 0 to side - 1 and `around` more at both ends, mirrored as often as it takes."""
    place = torch.arange(-around, side + around) % (2 * side)
    return torch.minimum(place, 2 * side - 1 - place)
