"""Motion blur along a line."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from restore.degradation.base import Drawn
from restore.degradation.filtering import KernelBlur, column
from restore.degradation.random import Range, Source, pair


class MotionBlur(KernelBlur):
    """Blurs along a straight line of even speed; the border is mirrored, edge included.

    The kernel is a line of `length` pixels that fades out over one pixel around. kornia's motion kernel has one length
    for the whole batch, so this is our own.

    Args:
        length: of the line in pixels, 0 or more, where 1 and less is no motion; a pair (low, high) draws one for
            each picture.
        angle: of the line in radians, 0 along a row; a pair draws it.

    Raises:
        ConfigError: a negative length, or a pair the wrong way round.
    """

    def __init__(self, length: Range = (3.0, 15.0), angle: Range = (0.0, math.pi)) -> None:
        low, high = pair("length", length, unit="in pixels")
        super().__init__(2 * math.ceil(high / 2 + 0.5) + 1)
        self.length = low, high
        self.angle = pair("angle", angle, -math.inf, unit="in radians")

    def draw_shape(self, source: Source) -> Drawn:
        """Length and angle."""
        return {"length": source.uniform(*self.length), "angle": source.uniform(*self.angle)}

    def shape(self, drawn: Sequence[Drawn], y: Tensor, x: Tensor) -> Tensor:
        """1 on the line, falling to 0 at a distance of one pixel, so that its ends are counted to their half."""
        angle, half = column(drawn, "angle"), ((column(drawn, "length") - 1) / 2).clamp(min=0)
        along, across = x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin()
        beyond = (along.abs() - half).clamp(min=0)
        return (1 - (beyond.square() + across.square()).sqrt()).clamp(min=0)
