"""The information multi-distillation block: what IMDN is a stack of.

Paper: Hui et al., "Lightweight Image Super-Resolution with Information Multi-distillation Network", ACM MM 2019,
section 3.2, https://arxiv.org/abs/1909.11856
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention import Attention
from restore.errors import ConfigError

_SLOPE = 0.05


class InformationDistillationBlock(nn.Module):
    """Three times a quarter of the channels is kept and the rest refined; what was kept is joined and weighed.

    Formula:
        kept1, rest = split(act(conv1(x)))
        kept2, rest = split(act(conv2(rest)))
        kept3, rest = split(act(conv3(rest)))
        y = x + fuse(attention(concat(kept1, kept2, kept3, conv4(rest))))
        split gives C/4 and 3C/4 channels; act is LeakyReLU 0.05; fuse is 1x1

    Args:
        channels: C of the feature map, a multiple of 4.
        attention: builds the block's attention from C.

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: 4 does not divide `channels`.
    """

    def __init__(self, channels: int, attention: Callable[[int], Attention]) -> None:
        super().__init__()
        if channels < 4 or channels % 4:
            raise ConfigError(
                f"InformationDistillationBlock got channels={channels}. Give a multiple of 4: a quarter is kept a step."
            )
        self.kept = channels // 4
        rest = channels - self.kept
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(rest, channels, 3, padding=1)
        self.conv3 = nn.Conv2d(rest, channels, 3, padding=1)
        self.conv4 = nn.Conv2d(rest, self.kept, 3, padding=1)
        self.attention = attention(channels)
        self.fuse = nn.Conv2d(channels, channels, 1)
        self.context = 4 + self.attention.context

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        kept, rest = [], x
        for refine in (self.conv1, self.conv2, self.conv3):
            refined = F.leaky_relu(refine(rest), _SLOPE)  # (N, C, H, W)
            kept.append(refined[:, : self.kept])  # (N, C/4, H, W)
            rest = refined[:, self.kept :]  # (N, 3C/4, H, W)
        joined = torch.cat([*kept, self.conv4(rest)], dim=1)  # (N, C, H, W)
        return x + self.fuse(self.attention(joined))
