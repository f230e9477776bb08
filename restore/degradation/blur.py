"""Gaussian blur of unknown width, alike in all directions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from restore.degradation.base import Drawn
from restore.degradation.filtering import KernelBlur, KernelSize, column
from restore.degradation.random import Range, Source, pair


class GaussianBlur(KernelBlur):
    """Blurs each picture with a Gaussian of its own width; beyond the border the picture is mirrored, edge included.

    Args:
        sigma: width in pixels, above 0; a pair (low, high) draws one for each picture between the two.
        kernel_size: side of the kernel, odd, or a pair; about six times sigma holds all of it.

    Raises:
        ConfigError: sigma is not above 0, the pair is the wrong way round, or the kernel's side is even.

    Example:
        >>> blur = GaussianBlur((0.5, 2.0), kernel_size=13)
        >>> blur(torch.rand(2, 3, 16, 16), torch.Generator().manual_seed(0)).shape
        torch.Size([2, 3, 16, 16])
    """

    def __init__(self, sigma: Range = (0.2, 2.0), kernel_size: KernelSize = 13) -> None:
        super().__init__(kernel_size)
        self.sigma = pair("sigma", sigma, 0, above=True, unit="in pixels")

    def draw_shape(self, source: Source) -> Drawn:
        """The width."""
        return {"sigma": source.uniform(*self.sigma)}

    def shape(self, drawn: Sequence[Drawn], y: Tensor, x: Tensor) -> Tensor:
        """exp(-(x^2 + y^2) / (2 sigma^2))."""
        return torch.exp(-(x.square() + y.square()) / (2 * column(drawn, "sigma").square()))
