"""Bicubic shrinking, the degradation of super-resolution tables."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from restore.degradation.base import Drawn, Step
from restore.degradation.random import Source
from restore.degradation.resize import BORDERS, Preset, imresize
from restore.errors import ConfigError

_CUBIC = ("matlab", "matlab-classic", "bicubic")


class Bicubic(Step):
    """Shrinks by `imresize`; draws nothing.

    Args:
        scale: 2 or more; must divide the sides of what comes in.
        preset: "matlab", "matlab-classic" or "bicubic", see `imresize`. The MATLAB presets round to 8 bit, which is
            part of the tables' problem; "bicubic" is differentiable.

    Example:
        >>> import torch
        >>> Bicubic(2)(torch.rand(1, 3, 8, 8), torch.Generator()).shape
        torch.Size([1, 3, 4, 4])
    """

    margin = 2  # the kernel reaches 2 * scale clean pixels from a place 0.5 * scale inside the patch: 1.5 degraded ones

    def __init__(self, scale: int, preset: Preset = "matlab") -> None:
        super().__init__()
        if scale < 2:
            raise ConfigError(f"Bicubic shrinks 2 times or more, got scale={scale}.")
        if preset not in _CUBIC:
            raise ConfigError(f"There is no cubic preset {preset!r} for imresize; there are {', '.join(_CUBIC)}.")
        self.scale = scale
        self.preset = preset
        self.border = BORDERS[preset]

    def draw(self, source: Source) -> Drawn:
        """Nothing is random; the size is noted."""
        height, width = source.size
        source.size = (height // self.scale, width // self.scale)
        return {}

    def transform(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """(N, C, H, W) -> (N, C, H / scale, W / scale)."""
        return imresize(clean, self.scale, self.preset)
