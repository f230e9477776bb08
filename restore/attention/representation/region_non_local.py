"""Region-level non-local attention of SAN: each region of the picture gathers from itself alone.

Paper: Dai et al., "Second-order Attention Network for Single Image Super-Resolution", CVPR 2019, section 3.2,
https://openaccess.thecvf.com/content_CVPR_2019/html/Dai_Second-Order_Attention_Network_for_Single_Image_Super-Resolution_CVPR_2019_paper.html
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import torch
from torch import Tensor

from restore.attention.base import Representation
from restore.attention.representation.non_local import NonLocalAttention
from restore.errors import ConfigError
from restore.layers import RegionGrid
from restore.layers.region_grid import join


class RegionNonLocalAttention(Representation):
    """One embedded-Gaussian non-local block, applied to each region of a grid on its own.

    Formula:
        y_i = x_i + project(sum_j softmax_j(query(x_i) . key(x_j)) value(x_j)),  j in the region of i

    Where the sides do not divide, regions below and on the right are larger, as in the authors' code. A side of fewer
    pixels than regions has a region a pixel.

    Args:
        channels: C of the feature map.
        regions: of the grid along each side; the paper has 2.
        reduction: how many times query, key and value are narrower than C.
        subsample: whether key and value are max-pooled by 2 within each region. The paper does not say so; the authors'
            code always does, by a slip that overrides its own option.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: `regions` or `reduction` is below 1.
        ShapeError: the input has another C (on forward).
    """

    starts_as_identity = True
    sees_whole_map = True

    def __init__(self, channels: int, regions: int = 2, reduction: int = 8, subsample: bool = False) -> None:
        super().__init__(channels)
        if regions < 1:
            raise ConfigError(f"RegionNonLocalAttention got regions={regions}. Choose 1 or more along each side.")
        self.regions = regions
        self.extent = RegionGrid(regions)
        self.non_local = NonLocalAttention(channels, reduction=reduction, subsample=subsample)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        self.check(x)
        return self.extent(x, self.non_local)

    def affinity(self, x: Tensor, at: tuple[int, int] | None = None) -> Tensor:
        """(N, C, H, W) -> (N, 1, HW, K), nought between regions; with `at`, (N, 1, h, w) over the keys."""
        self.check(x)
        query, key = self.non_local.queries(x), self._key_map(x, self.non_local.keys)
        here, there = self._labels(x, pooled=False), self._labels(x, pooled=True)
        if at is not None:
            place = at[0] * x.shape[3] + at[1]
            query, here = query[:, place : place + 1], here[place : place + 1]
        logits = query @ key.flatten(2)  # (N, HW or 1, K)
        weight = logits.masked_fill(here.unsqueeze(1) != there, -torch.inf).softmax(dim=2)
        return weight.unsqueeze(1) if at is None else weight.unflatten(2, key.shape[2:])

    def gather(self, x: Tensor, affinity: Tensor) -> Tensor:
        """(N, C, H, W) and (N, 1, HW, K) -> (N, C, H, W)."""
        value = self._key_map(x, self.non_local.values).flatten(2).mT  # (N, K, C/r)
        return self.non_local.output(x, affinity.squeeze(1) @ value)

    def _key_map(self, x: Tensor, layer: Callable[[Tensor], Tensor]) -> Tensor:
        """Keys or values of each region, put together as the regions lie: (N, C, H, W) -> (N, C/r, h, w)."""
        sizes = self.non_local.key_sizes
        return join([[layer(part).mT.unflatten(2, sizes(part)) for part in row] for row in self.extent.split(x)])

    def _labels(self, x: Tensor, pooled: bool) -> Tensor:
        """Which region each place of the map, or each of its keys, lies in: (HW,) or (K,)."""
        number = count()
        rows = []
        for row in self.extent.split(x):
            sizes = [self.non_local.key_sizes(part) if pooled else part.shape[2:] for part in row]
            rows.append([torch.full((1, 1, *size), next(number), device=x.device) for size in sizes])
        return join(rows).flatten()
