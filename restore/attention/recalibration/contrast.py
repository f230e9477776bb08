"""Contrast-aware channel attention, of IMDN.

Paper: Hui et al., "Lightweight Image Super-Resolution with Information Multi-distillation Network", ACM MM 2019,
section 3.3, https://arxiv.org/abs/1909.11856
"""

from __future__ import annotations

from restore.attention.recalibration.channel import ChannelAttention
from restore.layers import GlobalContrast


class ContrastChannelAttention(ChannelAttention):
    """Scales each channel by a gate that is computed from the channel's contrast: its deviation plus its mean.

    A flat channel has deviation 0 and passes no gradient through it, where the authors' code gives NaN.

    Formula:
        y = x * sigmoid(excite(relu(squeeze(std(x) + mean(x))))), std with divisor HW

    Args:
        channels: C of the feature map.
        reduction: how many times the bottleneck is narrower than C, from 1 to C.

    Shape:
        input and output: (N, C, H, W); the gate is (N, C, 1, 1), between 0 and 1.

    Raises:
        ConfigError: `reduction` is below 1 or above `channels`.
        ShapeError: the input has another C (on forward).
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__(channels, reduction)
        self.pool = GlobalContrast()
