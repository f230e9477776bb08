"""Pyramid-OC of OCNet: self-attention inside the cells of grids, from the whole map to small cells.

Paper: Yuan and Wang, "OCNet: Object Context Network for Scene Parsing", 2018, section 3.3,
https://arxiv.org/abs/1809.00916
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from restore.attention.representation.object_context import at_least_one
from restore.attention.representation.softmax import softmax_gather
from restore.errors import ConfigError
from restore.layers.activated_norm import ActivatedNorm


class PyramidObjectContext(nn.Module):
    """For each grid what every place gathers from its own cell, all grids beside the widened input.

    The batch normalisations cannot train on one picture of 1x1 pixel.

    Formula:
        y = dropout(leaky_relu(norm(project([widen(x), context_1, context_2, ...]))))
        context_s = project_s(sum over the cell of softmax(query . query' / sqrt(C/2)) * value), project_s = 0 at start

    Args:
        channels: C of the feature map, at least 2.
        out_channels: channels of the result.
        grids: cells along a side, one number a level; the last row and column of cells take what is left over, and a
            map smaller than the grid has a cell for each row or column.
        dropout: share of channels that training drops.

    Shape:
        input (N, C, H, W), output (N, out_channels, H, W).

    Raises:
        ConfigError: a number below its least, no `grids`, or `dropout` outside 0 to 1.
    """

    def __init__(
        self, channels: int, out_channels: int, grids: Sequence[int] = (1, 2, 3, 6), dropout: float = 0.05
    ) -> None:
        super().__init__()
        if channels < 2 or not grids or not 0 <= dropout <= 1:
            raise ConfigError(
                f"PyramidObjectContext got channels={channels}, grids={grids!r}, dropout={dropout}. "
                "Give two channels, a grid, and a share from 0 to 1."
            )
        at_least_one("PyramidObjectContext", out_channels=out_channels, grids=min(grids))
        levels = len(grids)
        self.cells = nn.ModuleList(_CellContext(channels, grid) for grid in grids)
        self.widen = nn.Sequential(nn.Conv2d(channels, levels * channels, 1), ActivatedNorm(levels * channels))
        self.project = nn.Conv2d(2 * levels * channels, out_channels, 1)
        self.norm = ActivatedNorm(out_channels)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, out_channels, H, W), without a matrix of all pairs of a cell."""
        joined = torch.cat([self.widen(x), *(cells(x) for cells in self.cells)], dim=1)  # (N, 2 levels C, H, W)
        return self.dropout(self.norm(self.project(joined)))


class _CellContext(nn.Module):
    """One level: self-attention inside each cell of a grid."""

    def __init__(self, channels: int, grid: int) -> None:
        super().__init__()
        self.grid = grid
        self.query = nn.Sequential(nn.Conv2d(channels, channels // 2, 1), ActivatedNorm(channels // 2))
        self.value = nn.Conv2d(channels, channels, 1)
        self.project = nn.Conv2d(channels, channels, 1)
        for parameter in self.project.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        query, value = self.query(x), self.value(x)
        heights, widths = (_sizes(side, self.grid) for side in x.shape[2:])
        rows = []
        for queries, values in zip(query.split(heights, 2), value.split(heights, 2)):
            cells = zip(queries.split(widths, 3), values.split(widths, 3))
            rows.append(torch.cat([softmax_gather(own, own, one, own.shape[1] ** -0.5) for own, one in cells], dim=3))
        return self.project(torch.cat(rows, dim=2))


def _sizes(side: int, cells: int) -> list[int]:
    """The sides of the cells: all the same, the last with what is left over."""
    cells = min(side, cells)
    return [side // cells] * (cells - 1) + [side - side // cells * (cells - 1)]
