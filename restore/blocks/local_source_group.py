"""Local-source residual attention group (LSRAG) of SAN: plain units, one attention, one convolution, one skip.

Paper: Dai et al., "Second-order Attention Network for Single Image Super-Resolution", CVPR 2019, section 3.2,
https://openaccess.thecvf.com/content_CVPR_2019/html/Dai_Second-Order_Attention_Network_for_Single_Image_Super-Resolution_CVPR_2019_paper.html
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from restore.attention import Attention
from restore.errors import ConfigError
from restore.layers import ResidualUnit


class LocalSourceGroup(nn.Module):
    """`blocks` residual units, attention once behind them all, and a convolution, plus the input.

    `ResidualGroup`, of RCAN, has the attention in every block instead.

    Formula:
        y = x + conv(attention(units(x)))

    Args:
        channels: C of the feature map.
        blocks: residual units, from 1.
        attention: builds the group's attention from C.
        kernel_size: of all convolutions, odd.

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: `blocks` is below 1, or `kernel_size` is even.
    """

    def __init__(self, channels: int, blocks: int, attention: Callable[[int], Attention], kernel_size: int = 3) -> None:
        super().__init__()
        if blocks < 1:
            raise ConfigError(f"LocalSourceGroup got blocks={blocks}. Give at least one residual unit.")
        units = [ResidualUnit(channels, kernel_size) for _ in range(blocks)]
        self.units = nn.Sequential(*units)
        self.attention = attention(channels)
        self.conv = nn.Conv2d(channels, channels, kernel_size, padding=kernel_size // 2)
        self.context = sum(unit.context for unit in units) + self.attention.context + kernel_size // 2

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return x + self.conv(self.attention(self.units(x)))
