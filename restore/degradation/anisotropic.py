"""Blur kernels over an ellipse: Gaussian, generalised Gaussian and plateau.

Wang et al., "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data", ICCVW 2021, section
3.1, https://arxiv.org/abs/2107.10833, after Liu et al., "Estimating Generalized Gaussian Blur Kernels for Out-of-Focus
Image Deblurring", IEEE TCSVT 2020. With S the covariance of the two widths turned by the angle and d = p' S^-1 p of a
place p, the kernels are proportional to exp(-d / 2), exp(-d^beta / 2) and 1 / (1 + d^beta). Exponents are drawn as the
authors' program draws them (xinntao/BasicSR, basicsr/data/degradations.py, `random_bivariate_generalized_Gaussian` and
`random_bivariate_plateau`): half of them from the range's part below 1, half from its part above.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from restore.degradation.base import Drawn
from restore.degradation.filtering import KernelBlur, KernelSize, column
from restore.degradation.random import Range, Source, pair


class AnisotropicBlur(KernelBlur):
    """Blurs each picture with a Gaussian that is wider in one direction; the border is mirrored, edge included.

    Args:
        sigma: width along each of the two axes, in pixels, above 0; a pair (low, high) draws both.
        angle: from the columns' direction to the first axis, in radians; a pair draws it.
        kernel_size: side of the kernel, odd, or a pair.

    Raises:
        ConfigError: a number out of range, or a pair the wrong way round.
    """

    isotropic = False

    def __init__(
        self, sigma: Range = (0.5, 6.0), angle: Range = (0.0, math.pi), kernel_size: KernelSize = (7, 21)
    ) -> None:
        super().__init__(kernel_size)
        self.sigma = pair("sigma", sigma, 0, above=True, unit="in pixels")
        self.angle = pair("angle", angle, -math.inf, unit="in radians")

    def draw_shape(self, source: Source) -> Drawn:
        """Widths and angle."""
        first = source.uniform(*self.sigma)
        if self.isotropic:
            return {"sigma": (first, first), "angle": 0.0}
        return {"sigma": (first, source.uniform(*self.sigma)), "angle": source.uniform(*self.angle)}

    def shape(self, drawn: Sequence[Drawn], y: Tensor, x: Tensor) -> Tensor:
        """exp(-d / 2)."""
        return torch.exp(-_distance(drawn, y, x) / 2)


class GeneralizedGaussianBlur(AnisotropicBlur):
    """Blurs with exp(-d^beta / 2): pointed for beta below 1, flat with a sharp edge above.

    Args:
        sigma: as of `AnisotropicBlur`.
        beta: the exponent, above 0; a pair (low, high) draws it, where it holds 1 half of the time evenly from low to 1
            and half of the time from 1 to high: every second one is 1 where 1 is the range's end.
        angle: as of `AnisotropicBlur`.
        kernel_size: side of the kernel, odd, or a pair.
        isotropic: one width for both axes.

    Raises:
        ConfigError: a number out of range, or a pair the wrong way round.
    """

    def __init__(
        self,
        sigma: Range = (0.2, 3.0),
        beta: Range = (0.5, 4.0),
        angle: Range = (0.0, math.pi),
        kernel_size: KernelSize = (7, 21),
        isotropic: bool = False,
    ) -> None:
        super().__init__(sigma, angle, kernel_size)
        self.beta = pair("beta", beta, 0, above=True)
        self.isotropic = isotropic

    def draw_shape(self, source: Source) -> Drawn:
        """Widths, angle and exponent."""
        low, high = self.beta
        if low <= 1 <= high:
            low, high = (low, 1) if source.chance(0.5) else (1, high)
        return super().draw_shape(source) | {"beta": source.uniform(low, high)}

    def shape(self, drawn: Sequence[Drawn], y: Tensor, x: Tensor) -> Tensor:
        """exp(-d^beta / 2)."""
        return torch.exp(-(_distance(drawn, y, x) ** column(drawn, "beta")) / 2)


class PlateauBlur(GeneralizedGaussianBlur):
    """Blurs with 1 / (1 + d^beta); options as of `GeneralizedGaussianBlur`."""

    def __init__(
        self,
        sigma: Range = (0.2, 3.0),
        beta: Range = (1.0, 2.0),
        angle: Range = (0.0, math.pi),
        kernel_size: KernelSize = (7, 21),
        isotropic: bool = False,
    ) -> None:
        super().__init__(sigma, beta, angle, kernel_size, isotropic)

    def shape(self, drawn: Sequence[Drawn], y: Tensor, x: Tensor) -> Tensor:
        """1 / (1 + d^beta)."""
        return 1 / (1 + _distance(drawn, y, x) ** column(drawn, "beta"))


def _distance(drawn: Sequence[Drawn], y: Tensor, x: Tensor) -> Tensor:
    """The squared distance from the centre in units of the ellipse, (N, k, k)."""
    angle = column(drawn, "angle")
    first, second = torch.tensor([one["sigma"] for one in drawn], dtype=torch.float64).T[:, :, None, None]  # (N, 1, 1)
    along, across = x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin()
    return (along / first).square() + (across / second).square()
