"""A function of each region of a grid over a map.

Paper: Dai et al., "Second-order Attention Network for Single Image Super-Resolution", CVPR 2019, section 3.2,
https://openaccess.thecvf.com/content_CVPR_2019/html/Dai_Second-Order_Attention_Network_for_Single_Image_Super-Resolution_CVPR_2019_paper.html
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from restore.layers.local_pool import check_kernel


class RegionGrid(nn.Module):
    """Applies a function to each region of a grid on its own.

    Where the sides do not divide, regions below and on the right are larger, as in SAN's code. A side of fewer pixels
    than regions has a region a pixel.

    Args:
        regions: of the grid along each side.

    Shape:
        (N, C, H, W) -> (N, C', H, W), the function keeping height and width.
    """

    def __init__(self, regions: int) -> None:
        super().__init__()
        self.regions = regions

    def forward(self, x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        """(N, C, H, W) -> (N, C', H, W)."""
        return join([[function(part) for part in row] for row in self.split(x)])

    def split(self, x: Tensor) -> list[list[Tensor]]:
        """The regions, row by row."""
        rows = x.split(_sizes(x.shape[2], self.counts(x)[0]), dim=2)
        return [list(row.split(_sizes(x.shape[3], self.counts(x)[1]), dim=3)) for row in rows]

    def counts(self, x: Tensor) -> tuple[int, int]:
        """Regions down and across."""
        return self.regions, self.regions

    def local(self, kernel_size: tuple[int, int]) -> LocalRegionGrid:
        """No grid on larger maps than these."""
        return LocalRegionGrid(self.regions, kernel_size)

    def extra_repr(self) -> str:
        """Show the grid in a network's printout."""
        return f"regions={self.regions}"


class LocalRegionGrid(RegionGrid):
    """The grid on maps up to a size, and none beyond, where the function itself looks at windows.

    A grid divides the map it is given, so that tiles would be cut at other places than the picture.

    Args:
        regions: of the grid along each side.
        kernel_size: the largest height and width that are divided.

    Raises:
        ConfigError: a side is below 1.
    """

    def __init__(self, regions: int, kernel_size: tuple[int, int]) -> None:
        super().__init__(regions)
        self.kernel_size = check_kernel(type(self).__name__, kernel_size)

    def counts(self, x: Tensor) -> tuple[int, int]:
        """Regions down and across."""
        down, across = (
            self.regions if side <= most else 1 for side, most in zip(x.shape[2:], self.kernel_size, strict=True)
        )
        return down, across

    def extra_repr(self) -> str:
        """Show grid and size in a network's printout."""
        return f"regions={self.regions}, kernel_size={self.kernel_size}"


def join(rows: list[list[Tensor]]) -> Tensor:
    """Put regions together as they lie."""
    return torch.cat([torch.cat(row, dim=3) for row in rows], dim=2)


def _sizes(side: int, regions: int) -> list[int]:
    edges = [index * side // regions for index in range(regions + 1)]
    return [end - start for start, end in pairwise(edges) if end > start]
