"""The self-calibrated block with pixel attention: what PAN is a stack of.

Paper: Zhao et al., "Efficient Image Super-Resolution Using Pixel Attention", ECCV Workshops 2020, section 3.3 (SC-PA),
https://arxiv.org/abs/2010.01073; without pixel attention it is from Liu et al., CVPR 2020 (SCNet).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention import Attention, PixelAttentionConv
from restore.errors import ConfigError

_SLOPE = 0.2


def pixel_attention_conv(channels: int) -> Attention:
    """The upper branch of the paper: two 3x3 convolutions with pixel attention between them."""
    return PixelAttentionConv(channels)


class SelfCalibratedBlock(nn.Module):
    """Two branches of half the channels, one plain and one with attention, joined and added to the input.

    Formula:
        x -+- conv_1x1 - act - attention(C/2) - act -+- concat - conv_1x1 -+- y
           |- conv_1x1 - act - conv_3x3 ----- act ---|                     |
           |------------------------------------------------------------- +
        act is LeakyReLU 0.2; no convolution here has a bias

    Args:
        channels: C of the feature map, from 2.
        attention: builds the upper branch from C/2.
        dilation: of the lower branch's convolution.

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: `channels` is below 2 or `dilation` below 1.
    """

    def __init__(
        self, channels: int, attention: Callable[[int], Attention] = pixel_attention_conv, dilation: int = 1
    ) -> None:
        super().__init__()
        if channels < 2 or dilation < 1:
            raise ConfigError(
                f"SelfCalibratedBlock got channels={channels}, dilation={dilation}. "
                "Give at least 2 channels, which are halved, and a dilation of 1."
            )
        half = channels // 2
        self.upper_squeeze = nn.Conv2d(channels, half, 1, bias=False)
        self.attention = attention(half)
        self.lower_squeeze = nn.Conv2d(channels, half, 1, bias=False)
        self.lower_conv = nn.Conv2d(half, half, 3, padding=dilation, dilation=dilation, bias=False)
        self.project = nn.Conv2d(2 * half, channels, 1, bias=False)
        self.context = max(self.attention.context, dilation)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        upper = F.leaky_relu(self.upper_squeeze(x), _SLOPE)  # (N, C/2, H, W)
        upper = F.leaky_relu(self.attention(upper), _SLOPE)
        lower = F.leaky_relu(self.lower_squeeze(x), _SLOPE)  # (N, C/2, H, W)
        lower = F.leaky_relu(self.lower_conv(lower), _SLOPE)
        return x + self.project(torch.cat([lower, upper], dim=1))  # (N, C, H, W)
