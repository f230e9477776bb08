"""Additive Gaussian noise: for training, and as the denoising papers draw it for their tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from restore.degradation.base import Drawn, Step
from restore.degradation.random import Range, Source, normal, pair, values
from restore.errors import ConfigError, ShapeError


class GaussianNoise(Step):
    """Adds white Gaussian noise, neither clipped nor rounded.

    Args:
        sigma: standard deviation in 8-bit grey levels; a pair (low, high) draws one for each picture between the two.
        per_channel: whether every channel of a picture draws a sigma of its own.

    Raises:
        ConfigError: sigma is negative or the pair is the wrong way round.

    Example:
        >>> noisy = GaussianNoise(25)(torch.full((1, 3, 64, 64), 0.5), torch.Generator().manual_seed(0))
        >>> round((noisy.std() * 255).item())
        25
    """

    def __init__(self, sigma: Range = 25.0, per_channel: bool = False) -> None:
        super().__init__()
        self.sigma = pair("sigma", sigma, unit="in grey levels")
        self.per_channel = per_channel

    def draw(self, source: Source) -> Drawn:
        """Sigma, for each channel where it is asked for, and the noise."""
        if self.per_channel:
            sigma: float | tuple[float, ...] = tuple(source.uniform(*self.sigma) for _ in range(source.channels))
        else:
            sigma = source.uniform(*self.sigma)
        return {"sigma": sigma, "noise": source.stream()}

    def transform(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """Clean pictures and noise, the sum not clipped."""
        noise = normal(clean.shape[1:], [one["noise"] for one in drawn], clean)
        return clean + noise * (values(drawn, "sigma", clean) / 255)


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
