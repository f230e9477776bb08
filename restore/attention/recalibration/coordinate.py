"""Coordinate attention: gates for rows and for columns, computed together.

Paper: Hou et al., "Coordinate Attention for Efficient Mobile Network Design", CVPR 2021, section 3.2,
https://arxiv.org/abs/2103.02907
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention.base import Recalibration
from restore.errors import ConfigError


class CoordinateAttention(Recalibration):
    """Scales each value by the gate of its row and the gate of its column.

    Formula:
        rows, columns = split(hardswish(norm(squeeze(means along W, means along H))))
        y = x * sigmoid(excite_rows(rows)) * sigmoid(excite_columns(columns))

    Args:
        channels: C of the feature map.
        reduction: how many times the bottleneck is narrower than C; the authors' code has 32.
        minimum_width: least channels of the bottleneck; the authors' code has 8.

    Shape:
        input and output: (N, C, H, W), as is the gate: between 0 and 1.

    Raises:
        ConfigError: `reduction` or `minimum_width` is below 1.
        ShapeError: the input has another C (on forward).
    """

    sees_whole_map = True

    def __init__(self, channels: int, reduction: int = 32, minimum_width: int = 8) -> None:
        super().__init__(channels)
        for name, number in (("reduction", reduction), ("minimum_width", minimum_width)):
            if number < 1:
                raise ConfigError(f"CoordinateAttention({channels}) got {name}={number}. Choose 1 or more.")
        width = max(minimum_width, channels // reduction)
        self.squeeze = nn.Conv2d(channels, width, 1)
        self.norm = nn.BatchNorm2d(width)
        self.excite_rows = nn.Conv2d(width, channels, 1)
        self.excite_columns = nn.Conv2d(width, channels, 1)

    def gate(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        height, width = x.shape[2:]
        along_rows = x.mean(dim=3, keepdim=True)  # (N, C, H, 1)
        along_columns = x.mean(dim=2, keepdim=True).transpose(2, 3)  # (N, C, W, 1)
        both = torch.cat([along_rows, along_columns], dim=2)  # (N, C, H + W, 1)
        rows, columns = F.hardswish(self.norm(self.squeeze(both))).split([height, width], dim=2)
        row_gate = self.excite_rows(rows).sigmoid()  # (N, C, H, 1)
        column_gate = self.excite_columns(columns).sigmoid().transpose(2, 3)  # (N, C, 1, W)
        return row_gate * column_gate
