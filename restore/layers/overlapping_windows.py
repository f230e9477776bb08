"""A function of a whole map, or of overlapping windows of it whose results are averaged.

Paper: Chu et al., "Improving Image Restoration by Revisiting Global Information Aggregation", ECCV 2022,
https://arxiv.org/abs/2112.04491; its code extends the section's pooling to Restormer's attention in this way.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from restore.layers.blended_windows import BlendedWindows
from restore.layers.kept import kept
from restore.layers.local_pool import check_kernel


class WholeMap(nn.Module):
    """Applies a function to the whole map: (N, ..., H, W) -> (N, C', H, W).

    Args:
        blended: which windows stand in for the map: those of `BlendedWindows`, or of `OverlappingWindows` as published
            for Restormer.
    """

    def __init__(self, blended: bool = False) -> None:
        super().__init__()
        self.blended = blended

    def forward(self, x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        """`function(x)`."""
        return function(x)

    def local(self, kernel_size: tuple[int, int]) -> OverlappingWindows | BlendedWindows:
        """The function of windows instead."""
        return BlendedWindows(kernel_size) if self.blended else OverlappingWindows(kernel_size)


class OverlappingWindows(nn.Module):
    """Applies a function to windows that cover the map, and averages its results where they overlap.

    As few windows an axis as cover it, evenly laid; the last ends at the border.

    Args:
        kernel_size: height and width of a window; a side above the map's is the map's.

    Shape:
        (N, C, H, W) -> (N, C', H, W), the function keeping height and width.

    Raises:
        ConfigError: a side is below 1.
    """

    def __init__(self, kernel_size: tuple[int, int]) -> None:
        super().__init__()
        self.kernel_size = check_kernel(type(self).__name__, kernel_size)

    def forward(self, x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        """(N, C, H, W) -> (N, C', H, W)."""
        rows, columns = (window_spans(x.shape[2 + axis], self.kernel_size[axis]) for axis in (0, 1))
        if len(rows) == len(columns) == 1:
            return function(x)
        total: Tensor | None = None
        for row in rows:
            for column in columns:
                seen = function(x[..., row, column])  # (N, C', k1, k2)
                if total is None:
                    total = seen.new_zeros(*seen.shape[:2], *x.shape[2:])  # (N, C', H, W)
                total[..., row, column] += seen
        assert total is not None
        down, across = (_counts(x.shape[2 + axis], self.kernel_size[axis], like=total) for axis in (0, 1))
        return total.div_(down[:, None]).div_(across)

    def extra_repr(self) -> str:
        """Show the window in a network's printout."""
        return f"kernel_size={self.kernel_size}"


def window_spans(length: int, side: int) -> list[slice]:
    """Where windows of `side` pixels lie along `length` pixels.

    Example:
        >>> window_spans(13, 6)
        [slice(0, 6, None), slice(4, 10, None), slice(7, 13, None)]
    """
    side = min(side, length)
    count = (length - 1) // side + 1
    step = side if count == 1 else -(-(length - side) // (count - 1))
    starts = [min(index * step, length - side) for index in range(count)]
    return [slice(start, start + side) for start in starts]


@kept
def _counts(length: int, side: int) -> Tensor:
    """How many windows see each place: (length,)."""
    counts = torch.zeros(length, dtype=torch.float64)
    for span in window_spans(length, side):
        counts[span] += 1
    return counts
