"""The residual feature distillation block: what RFDN is a stack of.

Paper: Liu et al., "Residual Feature Distillation Network for Lightweight Image Super-Resolution", ECCV Workshops 2020,
section 3.2, https://arxiv.org/abs/2009.11551
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention import Attention
from restore.errors import ConfigError

_SLOPE = 0.05


class ResidualDistillationBlock(nn.Module):
    """Three times half of the channels is kept by a 1x1 convolution while a shallow residual block refines all.

    As in the published code, and other than around IMDN's block, there is no skip around the whole.

    Formula:
        kept_i = act(keep_i(z));  z = act(refine_i(z) + z)   for i = 1, 2, 3, z = x at first
        y = attention(fuse(concat(kept_1, kept_2, kept_3, act(last(z)))))
        keep and fuse are 1x1, refine and last 3x3; act is LeakyReLU 0.05

    Args:
        channels: C of the feature map, from 2.
        attention: builds the block's attention from C.

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: `channels` is below 2.
    """

    def __init__(self, channels: int, attention: Callable[[int], Attention]) -> None:
        super().__init__()
        if channels < 2:
            raise ConfigError(f"ResidualDistillationBlock got channels={channels}. Give 2 at least: half are kept.")
        half = channels // 2
        self.keep = nn.ModuleList(nn.Conv2d(channels, half, 1) for _ in range(3))
        self.refine = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(3))
        self.last = nn.Conv2d(channels, half, 3, padding=1)
        self.fuse = nn.Conv2d(4 * half, channels, 1)
        self.attention = attention(channels)
        self.context = 4 + self.attention.context

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        kept, rest = [], x
        for keep, refine in zip(self.keep, self.refine, strict=True):
            kept.append(F.leaky_relu(keep(rest), _SLOPE))  # (N, C/2, H, W)
            rest = F.leaky_relu(refine(rest) + rest, _SLOPE)
        kept.append(F.leaky_relu(self.last(rest), _SLOPE))
        return self.attention(self.fuse(torch.cat(kept, dim=1)))  # (N, C, H, W)
