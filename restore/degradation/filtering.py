"""Filtering each picture with a kernel of its own, mirrored at the border."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from kornia.filters import filter2d
from torch import Tensor

from restore.degradation.base import Drawn, Step
from restore.degradation.random import Source
from restore.errors import ConfigError

KernelSize = int | tuple[int, int]
"""Side of a kernel, odd, or the smallest and largest of those that are drawn."""


class KernelBlur(Step):
    """Convolves each picture with a kernel of its own; beyond the border the picture is mirrored, edge included.

    Args:
        kernel_size: side of the kernel, odd; a pair (low, high) draws an odd side for each picture.

    Raises:
        ConfigError: a side is even or below 1, or the pair is the wrong way round.
    """

    def __init__(self, kernel_size: KernelSize) -> None:
        super().__init__()
        low, high = kernel_size if isinstance(kernel_size, (tuple, list)) else (kernel_size, kernel_size)
        if not 1 <= low <= high or low % 2 == 0 or high % 2 == 0:
            raise ConfigError(f"kernel_size must be odd, or a pair of odd sides (low, high), got {kernel_size}.")
        self.kernel_size = low, high
        self.margin = high // 2

    def draw(self, source: Source) -> Drawn:
        """The kernel's side and whatever gives it its shape."""
        low, high = self.kernel_size
        return {"size": low + 2 * source.integer(0, (high - low) // 2), **self.draw_shape(source)}

    def kernels(self, drawn: Sequence[Drawn], like: Tensor) -> Tensor:
        """One kernel a picture, each of sum 1: (N, k, k) with k the largest side, zero beyond a picture's own."""
        reach = self.kernel_size[1] // 2
        place = torch.arange(-reach, reach + 1, dtype=torch.float64)
        y, x = torch.meshgrid(place, place, indexing="ij")  # (k, k)
        shape = self.shape(drawn, y, x)  # (N, k, k)
        sizes = torch.tensor([one["size"] for one in drawn]).reshape(-1, 1, 1)
        shape = torch.where(torch.maximum(y.abs(), x.abs()) <= sizes // 2, shape, torch.zeros_like(shape))
        return (shape / shape.sum(dim=(1, 2), keepdim=True)).to(like)

    def transform(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """The blurred pictures."""
        return filter_mirrored(clean, self.kernels(drawn, clean))

    @abstractmethod
    def draw_shape(self, source: Source) -> Drawn:
        """What gives the kernel its shape."""

    @abstractmethod
    def shape(self, drawn: Sequence[Drawn], y: Tensor, x: Tensor) -> Tensor:
        """The kernels' values at rows `y` and columns `x` from the centre, (k, k) -> (N, k, k), of any sum above 0."""


def filter_mirrored(clean: Tensor, kernels: Tensor) -> Tensor:
    """Correlate (N, C, H, W) with one kernel a picture, (N, k, k), k odd; the border is mirrored, edge included."""
    reach = kernels.shape[-1] // 2
    rows, columns = (_mirrored(side, reach).to(clean.device) for side in clean.shape[-2:])
    wide = clean[..., rows[:, None], columns]  # (N, C, H + 2 reach, W + 2 reach)
    soft = filter2d(wide, kernels, border_type="constant", padding="valid")  # (N, C, H, W)
    return soft


def column(drawn: Sequence[Drawn], name: str) -> Tensor:
    """One drawn number a picture as (N, 1, 1) float64, to be met with (k, k)."""
    return torch.tensor([one[name] for one in drawn], dtype=torch.float64).reshape(-1, 1, 1)


def _mirrored(side: int, around: int) -> Tensor:
    """Places 0 to side - 1 and `around` more at both ends, mirrored as often as it takes."""
    place = torch.arange(-around, side + around) % (2 * side)
    return torch.minimum(place, 2 * side - 1 - place)
