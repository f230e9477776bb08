"""Blurring and keeping every n-th pixel: the classical model of a small picture."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import torch
from torch import Tensor

from restore.degradation.base import Drawn
from restore.degradation.filtering import KernelBlur, column
from restore.degradation.random import Range, Source, pair
from restore.errors import ConfigError


class Decimate(KernelBlur):
    """Blurs with a Gaussian and keeps every n-th pixel, down to the clean picture's size divided by `to_scale`.

    Zhang et al., "Designing a Practical Degradation Model for Deep Blind Image Super-Resolution", ICCV 2021, section
    3.2, https://arxiv.org/abs/2103.14006: nearest downsampling with a kernel that is shifted so that pixel centres stay
    aligned. n follows from the size that the picture has by now; `ResizeTo` after it brings all to one size.

    Args:
        to_scale: by what the clean picture's sides are divided in the end.
        sigma: width of the Gaussian in steps of n pixels, above 0; a pair (low, high) draws one for each picture.
        kernel_size: side of the kernel, odd.

    Raises:
        ConfigError: a number out of range, or, when a picture comes, sides that are no multiple of the last ones.
    """

    def __init__(self, to_scale: int, sigma: Range = (0.025, 0.6), kernel_size: int = 25) -> None:
        super().__init__(kernel_size)
        if to_scale < 1:
            raise ConfigError(f"Decimate shrinks to a part of the clean picture, 1 or more, got to_scale={to_scale}.")
        self.to_scale = to_scale
        self.sigma = pair("sigma", sigma, 0, above=True, unit="in steps")
        self.margin = math.ceil(self.margin / to_scale) + 1  # what it gives is that much smaller

    def draw_shape(self, source: Source) -> Drawn:
        """The step n, and the width in steps."""
        size = tuple(side // self.to_scale for side in source.clean_size)
        steps = {side // last if last and side % last == 0 else 0 for side, last in zip(source.size, size, strict=True)}
        step = steps.pop()
        if steps or not step:
            raise ConfigError(
                f"Decimate to {size[0]} x {size[1]} needs a multiple of it, got {source.size[0]} x {source.size[1]}. "
                "Take it before steps that resize at random."
            )
        source.size = (size[0], size[1])
        return {"step": step, "sigma": source.uniform(*self.sigma)}

    def alike(self, drawn: Drawn) -> Hashable:
        """The step."""
        return drawn["step"]

    def shape(self, drawn: Sequence[Drawn], y: Tensor, x: Tensor) -> Tensor:
        """exp(-d^2 / (2 sigma^2)), d from the middle of n pixels; where n is even it lies between two."""
        step = column(drawn, "step")
        middle = (step + 1) % 2 / 2
        distance = (y - middle).square() + (x - middle).square()
        return torch.exp(-distance / (2 * (column(drawn, "sigma") * step).square()))

    def transform(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """(N, C, H, W) -> (N, C, H / n, W / n)."""
        step = drawn[0]["step"]
        first = (step - 1) // 2
        return super().transform(clean, drawn)[..., first::step, first::step]
