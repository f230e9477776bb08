"""Plain residual unit: two convolutions and a skip, no normalisation, no attention.

Paper: Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPRW 2017, section 3.1,
https://arxiv.org/abs/1707.02921
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from restore.errors import ConfigError


class ResidualUnit(nn.Module):
    """Convolution, ReLU, convolution, plus the input.

    `restore.blocks.ResidualBlock(channels, no_attention)` computes the same from the same tensors (a test holds them
    equal) and is above the floor of attention. `MaskAttention` has branches of such units, so the plain one, without
    a slot, stands below it; blocks whose units never take attention share it.

    Formula:
        y = x + conv2(relu(conv1(x)))

    Args:
        channels: C of the feature map.
        kernel_size: of both convolutions, odd.

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: `kernel_size` is even or below 1.
    """

    def __init__(self, channels: int, kernel_size: int = 3) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ConfigError(f"ResidualUnit got kernel_size={kernel_size}. Choose an odd number.")
        self.conv1 = nn.Conv2d(channels, channels, kernel_size, padding=kernel_size // 2)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size, padding=kernel_size // 2)
        self.context = 2 * (kernel_size // 2)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return x + self.conv2(F.relu(self.conv1(x)))
