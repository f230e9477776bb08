"""Residual dense block: every layer sees all layers before it.

Paper: Zhang et al., "Residual Dense Network for Image Super-Resolution", CVPR 2018, section 3.2 and figure 3,
https://arxiv.org/abs/1802.08797
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention import Attention
from restore.errors import ConfigError


class ResidualDenseBlock(nn.Module):
    """Dense layers, local feature fusion by a 1x1 convolution, attention, plus the input (local residual learning).

    Formula, with F_0 = x and [..] the concatenation along the channels:
        F_i = relu(conv_i([F_0, ..., F_(i-1)])), y = x + attention(fuse([F_0, ..., F_layers]))

    Args:
        channels: C of the feature map.
        growth: channels that each layer adds.
        layers: convolutions before the fusion, from 1.
        attention: builds the block's attention from C.

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: a number below 1.
    """

    def __init__(self, channels: int, growth: int, layers: int, attention: Callable[[int], Attention]) -> None:
        super().__init__()
        if min(channels, growth, layers) < 1:
            raise ConfigError(
                f"ResidualDenseBlock got channels={channels}, growth={growth}, layers={layers}. Give positive numbers."
            )
        self.layers = nn.ModuleList(nn.Conv2d(channels + i * growth, growth, 3, padding=1) for i in range(layers))
        self.fuse = nn.Conv2d(channels + layers * growth, channels, 1)
        self.attention = attention(channels)
        self.context = layers + self.attention.context

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        seen = x
        for layer in self.layers:
            seen = torch.cat([seen, F.relu(layer(seen))], 1)  # (N, C + i growth, H, W)
        return x + self.attention(self.fuse(seen))  # (N, C, H, W)
