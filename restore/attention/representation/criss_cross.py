"""Criss-cross attention of CCNet: each place looks along its row and its column, twice.

Paper: Huang et al., "CCNet: Criss-Cross Attention for Semantic Segmentation", ICCV 2019, sections 3.2 and 3.3,
https://arxiv.org/abs/1811.11721
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from restore.attention.base import Representation
from restore.attention.representation.softmax import gather_by
from restore.errors import ConfigError


class CrissCrossAttention(Representation):
    """Adds to each place what it gathers along its row and its column; the second time this reaches every place.

    One softmax runs over the H + W - 1 places of the cross, and memory grows with HW(H + W). The weights of all loops
    are the same, as in the paper.

    Formula:
        x <- x + gamma * sum over the cross of softmax(query . key) * value, `loops` times, gamma = 0 at the start

    Args:
        channels: C of the feature map.
        reduction: how many times narrower than C query and key are, from 1 to C.
        loops: how many times, at least 1; the paper's R.

    Shape:
        input and output: (N, C, H, W); the affinity is (N, loops, HW, HW), one map a loop.

    Raises:
        ConfigError: `reduction` is below 1 or above `channels`, or `loops` is below 1.
        ShapeError: the input has another C (on forward).
    """

    starts_as_identity = True
    sees_whole_map = True

    def __init__(self, channels: int, reduction: int = 8, loops: int = 2) -> None:
        super().__init__(channels)
        if not 1 <= reduction <= channels:
            raise ConfigError(
                f"CrissCrossAttention({channels}) got reduction={reduction}. Choose it between 1 and {channels}."
            )
        if loops < 1:
            raise ConfigError(f"CrissCrossAttention got loops={loops}. Once is 1; the paper takes 2.")
        self.loops = loops
        self.query = nn.Conv2d(channels, channels // reduction, 1)
        self.key = nn.Conv2d(channels, channels // reduction, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W), without the HW x HW matrix."""
        self.check(x)
        for _ in range(self.loops):
            x = self._step(x, self._weights(x))
        return x

    def affinity(self, x: Tensor, at: tuple[int, int] | None = None) -> Tensor:
        """(N, loops, HW, HW), rows that add up to one, nought off the cross; with `at`, (N, loops, H, W)."""
        self.check(x)
        maps = []
        for loop in range(self.loops):
            weights = self._weights(x)
            maps.append(_full(weights) if at is None else _one(weights, at))
            if loop + 1 < self.loops:
                x = self._step(x, weights)
        return torch.stack(maps, dim=1)

    def gather(self, x: Tensor, affinity: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W): the maps of the loops, one after the other."""
        for one in affinity.unbind(1):
            x = x + self.gamma * gather_by(one, self.value(x), x.shape[2:])
        return x

    def _weights(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (H, N, W, H + W): for each place those of its column, then those of its row.

        The place itself counts in its row; in its column it is nought.
        """
        query, key = _rows_first(self.query(x)), _rows_first(self.key(x))  # (H, N, W, C/r)
        column = query.permute(1, 2, 0, 3) @ key.permute(1, 2, 3, 0)  # (N, W, H, H)
        itself = torch.eye(x.shape[2], dtype=torch.bool, device=x.device)
        column = column.masked_fill_(itself, float("-inf")).permute(2, 0, 1, 3)  # (H, N, W, H)
        row = query @ key.transpose(2, 3)  # (H, N, W, W)
        return torch.cat((column, row), dim=3).softmax(3)

    def _step(self, x: Tensor, weights: Tensor) -> Tensor:
        value = _rows_first(self.value(x))  # (H, N, W, C)
        column, row = weights.split((x.shape[2], x.shape[3]), dim=3)
        seen = row @ value + (column.permute(1, 2, 0, 3) @ value.permute(1, 2, 0, 3)).permute(2, 0, 1, 3)
        return x + self.gamma * seen.permute(1, 3, 0, 2)  # (N, C, H, W)


def _rows_first(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (H, N, W, C): the one order in which products by row and by column both need no copy."""
    return x.permute(2, 0, 3, 1).contiguous()


def _full(weights: Tensor) -> Tensor:
    """(H, N, W, H + W) -> (N, HW, HW)."""
    h, n, w, _ = weights.shape
    column, row = weights.split((h, w), dim=3)
    full = weights.new_zeros(n, h, w, h, w)
    full.diagonal(dim1=2, dim2=4).add_(column.permute(1, 0, 3, 2))  # (N, H, H, W)
    full.diagonal(dim1=1, dim2=3).add_(row.permute(1, 2, 3, 0))  # (N, W, W, H)
    return full.flatten(3).flatten(1, 2)


def _one(weights: Tensor, at: tuple[int, int]) -> Tensor:
    """(H, N, W, H + W) -> (N, H, W), the cross of the query at (y, x)."""
    h, n, w, _ = weights.shape
    y, x = at
    column, row = weights[y, :, x].split((h, w), dim=1)
    full = weights.new_zeros(n, h, w)
    full[:, :, x] += column
    full[:, y] += row
    return full
