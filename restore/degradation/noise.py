"""Additive Gaussian noise: for training, and as the denoising papers draw it for their tables."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from restore.degradation.base import Degradation
from restore.degradation.random import normal, uniform
from restore.errors import ConfigError, ShapeError


class GaussianNoise(Degradation):
    """Adds white Gaussian noise, neither clipped nor rounded.

    The generator is asked first for one sigma a picture (only where there is a range), then for the noise.

    Args:
        sigma: standard deviation in 8-bit grey levels; a pair (low, high) draws one for each picture between the two.

    Raises:
        ConfigError: sigma is negative or the pair is the wrong way round.

    Example:
        >>> noisy = GaussianNoise(25)(torch.full((1, 3, 64, 64), 0.5), torch.Generator().manual_seed(0))
        >>> round((noisy.std() * 255).item())
        25
    """

    def __init__(self, sigma: float | tuple[float, float] = 25.0) -> None:
        super().__init__()
        low, high = sigma if isinstance(sigma, (tuple, list)) else (sigma, sigma)
        if not 0 <= low <= high:
            raise ConfigError(f"sigma is one number from 0, or a pair (low, high) in grey levels, got {sigma}.")
        self.low, self.high = float(low), float(high)

    def forward(self, clean: Tensor, generator: torch.Generator) -> Tensor:
        """Clean pictures and noise, the sum not clipped."""
        if self.low == self.high:
            return clean + normal(clean, generator) * (self.low / 255)
        sigma = uniform(clean, self.low, self.high, generator)  # (N, 1, 1, 1)
        return clean + normal(clean, generator) * (sigma / 255)


def protocol_noise(target: Tensor, sigma: float) -> Tensor:
    """The noisy test picture of the `awgn-*` protocols: equal for everybody, on every machine.

    Source: KAIR (https://github.com/cszn/KAIR), which seeds numpy with 0 before every picture and draws float64
    normals in the picture's own (H, W, C) order. The picture is not clipped or rounded afterwards.

    Args:
        target: (N, C, H, W) in [0, 1].
        sigma: in 8-bit grey levels, at least 0.

    Returns:
        (N, C, H, W), dtype and device of the target; a picture's noise does not depend on its batch.
    """
    if target.dim() != 4:
        raise ShapeError(f"protocol_noise expects (N, C, H, W), got {tuple(target.shape)}.")
    if sigma < 0:
        raise ConfigError(f"sigma is a standard deviation in grey levels, 0 or more, got {sigma}.")
    _, channels, height, width = target.shape
    drawn = np.random.RandomState(0).normal(0, sigma / 255, (height, width, channels))
    noise = torch.from_numpy(drawn).permute(2, 0, 1).to(target.device)  # (C, H, W)
    return (target.to(torch.float64) + noise).to(target.dtype)
