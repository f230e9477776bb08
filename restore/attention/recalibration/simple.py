"""Simplified channel attention, of NAFNet.

Paper: Chen et al., "Simple Baselines for Image Restoration", ECCV 2022, section 3.5, https://arxiv.org/abs/2204.04676
"""

from __future__ import annotations

from torch import Tensor, nn

from restore.attention.base import Recalibration
from restore.layers import GlobalPool


class SimpleChannelAttention(Recalibration):
    """Scales each channel by a linear function of all channels' means: squeeze-and-excitation without nonlinearities.

    Formula:
        y = x * project(mean(x))

    Args:
        channels: C of the feature map.

    Shape:
        input and output: (N, C, H, W); the gate is (N, C, 1, 1) and of any size and sign.

    Raises:
        ConfigError: `channels` is below 1.
        ShapeError: the input has another C (on forward).
    """

    sees_whole_map = True

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.pool = GlobalPool()
        self.project = nn.Conv2d(channels, channels, 1)

    def gate(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, 1, 1)."""
        return self.project(self.pool(x))
