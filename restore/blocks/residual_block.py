"""Residual block with a slot for attention.

Papers: Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPRW 2017
(two convolutions, no normalisation), https://arxiv.org/abs/1707.02921; with ChannelAttention in the slot
it is the RCAB of Zhang et al., ECCV 2018, section 3.3, https://arxiv.org/abs/1807.02758
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from restore.attention import Attention
from restore.errors import ConfigError


class ResidualBlock(nn.Module):
    """Convolution, ReLU, convolution, attention, plus the input.

    Args:
        channels: C of the feature map.
        attention: builds the block's attention from C.
        kernel_size: of both convolutions, odd.

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: `kernel_size` is even or below 1.
    """

    def __init__(self, channels: int, attention: Callable[[int], Attention], kernel_size: int = 3) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ConfigError(f"ResidualBlock got kernel_size={kernel_size}. Choose an odd number.")
        self.conv1 = nn.Conv2d(channels, channels, kernel_size, padding=kernel_size // 2)
        self.activation = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, kernel_size, padding=kernel_size // 2)
        self.attention = attention(channels)
        self.context = 2 * (kernel_size // 2) + self.attention.context

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return x + self.attention(self.conv2(self.activation(self.conv1(x))))
