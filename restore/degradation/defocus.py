"""Defocus: every point becomes a disc."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from restore.degradation.base import Drawn
from restore.degradation.filtering import KernelBlur, column
from restore.degradation.random import Range, Source, pair


class DefocusBlur(KernelBlur):
    """Blurs with an even disc, as a lens out of focus does; the border is mirrored, edge included.

    Args:
        radius: of the disc in pixels, 0 or more; a pair (low, high) draws one for each picture. The disc's edge is
            smoothed over one pixel.

    Raises:
        ConfigError: a negative radius, or the pair is the wrong way round.
    """

    def __init__(self, radius: Range = (0.5, 5.0)) -> None:
        low, high = pair("radius", radius, unit="in pixels")
        super().__init__(2 * math.ceil(high) + 1)
        self.radius = low, high

    def draw_shape(self, source: Source) -> Drawn:
        """The radius."""
        return {"radius": source.uniform(*self.radius)}

    def shape(self, drawn: Sequence[Drawn], y: Tensor, x: Tensor) -> Tensor:
        """1 inside the disc, 0 outside."""
        return (column(drawn, "radius") + 0.5 - torch.hypot(x, y)).clamp(0, 1)
