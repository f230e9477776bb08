"""The sinc filter: an ideal low pass, which leaves ringing and overshoot at edges."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from restore.degradation.base import Drawn
from restore.degradation.filtering import KernelBlur, KernelSize, column
from restore.degradation.random import Range, Source, pair


class SincFilter(KernelBlur):
    """Takes away all that is finer than a cutoff, in a circle; the border is mirrored, edge included.

    Wang et al., "Real-ESRGAN", ICCVW 2021, section 3.3, equation 6, https://arxiv.org/abs/2107.10833: the kernel is
    cutoff / (2 pi r) J1(cutoff r), J1 the Bessel function of the first kind of order 1.

    Args:
        cutoff: in radians a pixel, above 0; pi is the finest a row of pixels holds. A pair draws one for each picture.
        kernel_size: side of the kernel, odd, or a pair.

    Raises:
        ConfigError: a cutoff not above 0 or above pi * sqrt(2), or a pair the wrong way round.
    """

    def __init__(self, cutoff: Range = (math.pi / 3, math.pi), kernel_size: KernelSize = (7, 21)) -> None:
        super().__init__(kernel_size)
        self.cutoff = pair("cutoff", cutoff, 0, math.pi * math.sqrt(2), above=True, unit="in radians a pixel")

    def draw_shape(self, source: Source) -> Drawn:
        """The cutoff."""
        return {"cutoff": source.uniform(*self.cutoff)}

    def shape(self, drawn: Sequence[Drawn], y: Tensor, x: Tensor) -> Tensor:
        """Cutoff / (2 pi r) J1(cutoff r), and cutoff^2 / (4 pi) in the middle."""
        cutoff = column(drawn, "cutoff")
        radius = torch.hypot(x, y)
        away = radius.clamp(min=0.5)
        ring = cutoff / (2 * math.pi * away) * torch.special.bessel_j1(cutoff * away)
        return torch.where(radius == 0, cutoff.square() / (4 * math.pi), ring)
