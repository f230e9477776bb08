"""Pixel attention: a gate for every value, and the convolution that has it inside.

Paper: Zhao et al., "Efficient Image Super-Resolution Using Pixel Attention", ECCV Workshops 2020, section 3.2,
https://arxiv.org/abs/2010.01073
"""

from __future__ import annotations

from torch import Tensor, nn

from restore.attention.base import Attention, Recalibration
from restore.errors import ConfigError


class PixelAttention(Recalibration):
    """Scales every value by a gate that is computed from the channels of its own pixel, with no pooling.

    Formula:
        y = x * sigmoid(conv_1x1(x))

    Args:
        channels: C of the feature map.

    Shape:
        input and output: (N, C, H, W); the gate is (N, C, H, W), between 0 and 1.

    Raises:
        ShapeError: the input has another C (on forward).
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.conv = nn.Conv2d(channels, channels, 1)

    def gate(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return self.conv(x).sigmoid()


class PixelAttentionConv(Attention):
    """Two convolutions with a gate for every value between them: PAConv, the upper half of PAN's block.

    Not a recalibration: the gate comes from the input and acts on its convolution.

    Formula:
        y = conv2(conv1(x) * sigmoid(project(x)))

    Args:
        channels: C of the feature map.
        kernel_size: odd width of both convolutions.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: `kernel_size` is even or below 1.
        ShapeError: the input has another C (on forward).
    """

    def __init__(self, channels: int, kernel_size: int = 3) -> None:
        super().__init__(channels)
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ConfigError(
                f"{type(self).__name__} got kernel_size={kernel_size}. Choose an odd number: 3 as in the paper."
            )
        margin = kernel_size // 2
        self.project = nn.Conv2d(channels, channels, 1)
        self.conv1 = nn.Conv2d(channels, channels, kernel_size, padding=margin, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size, padding=margin, bias=False)
        self.context = 2 * margin

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        self.check(x)
        return self.conv2(self.conv1(x) * self.project(x).sigmoid())
