"""A function of a whole map, or of windows of it on a fixed lattice whose results go over into each other.

It does for a statistic with a matrix a place (covariance, non-local sums) what `LocalPool` does for a mean, which has a
window around each place (Chu et al., ECCV 2022, https://arxiv.org/abs/2112.04491). `OverlappingWindows` is the form
that the paper's code has for Restormer: it lays windows by the size of the map, so that each tile has others, and its
plain mean has an edge where a window ends. These lie where they lie, and end softly.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from restore.layers.kept import kept
from restore.layers.local_pool import check_kernel


class BlendedWindows(nn.Module):
    """Applies a function to windows that begin every half a side, and blends the results from center to center.

    The last window of an axis ends at the border. Each place is between the centers of two windows an axis and gets
    their two results in the proportion of its distances; beyond the outermost centers there is one. Cost and memory
    grow with HW: a place is computed four times, and the windows of one row are computed together.

    Two maps that show the same place agree there if they begin a multiple of `step` apart and the place is a side of a
    window from the border of both. A map that one window covers gives the function of the map.

    Args:
        kernel_size: height and width of a window; a side above the map's is the map's.

    Shape:
        (N, ..., H, W) -> (N, C', H, W), the function keeping height and width or making them 1.

    Raises:
        ConfigError: a side is below 1.
    """

    def __init__(self, kernel_size: tuple[int, int]) -> None:
        super().__init__()
        self.kernel_size = check_kernel(type(self).__name__, kernel_size)

    @property
    def step(self) -> tuple[int, int]:
        """From the beginning of a window to that of the next, down and across."""
        return _step(self.kernel_size[0]), _step(self.kernel_size[1])

    def forward(self, x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        """(N, ..., H, W) -> (N, C', H, W)."""
        sizes = [(x.shape[axis], min(self.kernel_size[axis], x.shape[axis])) for axis in (-2, -1)]
        (height, tall), (width, wide) = sizes
        if (tall, wide) == (height, width):
            return function(x)
        tops, lefts = (window_starts(*size) for size in sizes)
        total: Tensor | None = None
        for row, top in enumerate(tops):
            band = x[..., top : top + tall, :]
            seen = function(torch.cat([band[..., left : left + wide] for left in lefts]))  # (windows * N, C', h, w)
            if total is None:
                total = seen.new_zeros(x.shape[0], seen.shape[1], height, width)  # (N, C', H, W)
                down, across = (_blends(*size, like=seen) for size in sizes)  # (windows, k1) and (windows, k2)
            for column, (left, part) in enumerate(zip(lefts, seen.chunk(len(lefts)), strict=True)):
                weight = down[row, :, None] * across[column]  # (k1, k2)
                total[..., top : top + tall, left : left + wide] += weight * part
        assert total is not None
        return total

    def extra_repr(self) -> str:
        """Show the window in a network's printout."""
        return f"kernel_size={self.kernel_size}"


def window_starts(length: int, side: int) -> list[int]:
    """Where windows of `side` places begin along `length` places.

    Example:
        >>> window_starts(13, 6)
        [0, 3, 6, 7]
    """
    return [*range(0, length - side, _step(side)), length - side]


def _step(side: int) -> int:
    return max(side // 2, 1)


@kept
def _blends(length: int, side: int) -> Tensor:
    """How much each place of each window counts: (windows, side), 1 at its center, nought from the next center on."""
    starts = window_starts(length, side)
    centers = [start + (side - 1) / 2 for start in starts]
    weights = torch.ones(len(starts), side, dtype=torch.float64)
    for index, (here, there) in enumerate(pairwise(centers)):
        for window, sign in ((index, -1), (index + 1, 1)):
            place = torch.arange(side, dtype=torch.float64) + starts[window]
            rising = ((place - here) / (there - here)).clamp(0, 1)
            weights[window] *= rising if sign > 0 else 1 - rising
    return weights
