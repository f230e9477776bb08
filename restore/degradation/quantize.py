"""What storing a picture in 8 bit does to it: values are clipped, then rounded."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from restore.degradation.base import Drawn, Step
from restore.degradation.random import Source


class Clip(Step):
    """Clips to [0, 1]; draws nothing. Where a value was clipped its gradient is zero."""

    def draw(self, source: Source) -> Drawn:
        """Nothing is random."""
        return {}

    def transform(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """The same pictures within [0, 1]."""
        return clean.clamp(0, 1)


class Round(Step):
    """Rounds to multiples of 1/255, half to even, without clipping; draws nothing. Its gradient is zero."""

    def draw(self, source: Source) -> Drawn:
        """Nothing is random."""
        return {}

    def transform(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """The same pictures in whole grey levels."""
        return (clean * 255).round() / 255


class Quantize(Step):
    """`Clip`, then `Round`: what an 8-bit file holds of a picture; draws nothing. Its gradient is zero.

    Example:
        >>> import torch
        >>> Quantize()(torch.tensor([-0.2, 0.5001, 1.7]).reshape(1, 1, 1, 3), torch.Generator()).flatten() * 255
        tensor([  0., 128., 255.])
    """

    def draw(self, source: Source) -> Drawn:
        """Nothing is random."""
        return {}

    def transform(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """The same pictures as an 8-bit file holds them."""
        return (clean.clamp(0, 1) * 255).round() / 255
