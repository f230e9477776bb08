"""The spatial gate of CBAM.

Paper: Woo et al., "CBAM: Convolutional Block Attention Module", ECCV 2018, section 3 (spatial attention),
https://arxiv.org/abs/1807.06521
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from restore.attention.base import Recalibration
from restore.errors import ConfigError


class SpatialAttention(Recalibration):
    """Scales each place by a gate that is computed from the largest and the mean channel around it.

    Formula:
        y = x * sigmoid(conv([max over channels of x, mean over channels of x]))

    Args:
        channels: C of the feature map.
        kernel_size: odd width of the convolution; 7 in the paper.
        normalized: batch normalisation before the sigmoid, as in the authors' code; the paper has none. It
            cannot train on one picture of 1x1 pixel.

    Shape:
        input and output: (N, C, H, W); the gate is (N, 1, H, W), between 0 and 1.

    Raises:
        ConfigError: `kernel_size` is even or below 1.
        ShapeError: the input has another C (on forward).
    """

    def __init__(self, channels: int, kernel_size: int = 7, normalized: bool = False) -> None:
        super().__init__(channels)
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ConfigError(
                f"{type(self).__name__} got kernel_size={kernel_size}. Choose an odd number: 7 as in the paper, or 3."
            )
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)
        self.norm = nn.BatchNorm2d(1, momentum=0.01) if normalized else nn.Identity()
        self.context = kernel_size // 2

    def gate(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, 1, H, W)."""
        pooled = torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)  # (N, 2, H, W)
        return self.norm(self.conv(pooled)).sigmoid()  # (N, 1, H, W)
