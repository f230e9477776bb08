"""The six-step distillation block of IMDN_RTE: what is left gets narrower until nothing is.

Code: Zheng222/IMDN, model/block.py, IMDModule_Large, after Hui et al., "Lightweight Image Super-Resolution with
Information Multi-distillation Network", ACM MM 2019, section 3.2, https://arxiv.org/abs/1909.11856
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention import Attention
from restore.errors import ConfigError


class SixStepDistillationBlock(nn.Module):
    """Six times a quarter of the channels is kept and the rest refined; what was kept is joined and fused.

    `InformationDistillationBlock`, of IMDN, has four steps, biases, and its attention before the fusion.

    Formula, step by step from rest = x:
        kept, rest = split(relu(conv(rest))), three times to C/4 and 3C/4 channels, then to C/4 and 2C/4, to C/4 and
        C/4, and all of the last; y = x + attention(fuse(concat(kept))), fuse is 1x1; no convolution has a bias

    Args:
        channels: C of the feature map, a multiple of 4.
        attention: builds the block's attention from C; the authors have none.

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
            raise ConfigError(f"SixStepDistillationBlock got channels={channels}. Give a multiple of 4.")
        self.kept = channels // 4
        quarters = ((4, 4), (3, 4), (3, 4), (3, 3), (2, 2), (1, 1))  # into a step, and out of it
        self.steps = nn.ModuleList(
            nn.Conv2d(given * self.kept, made * self.kept, 3, padding=1, bias=False) for given, made in quarters
        )
        self.fuse = nn.Conv2d(len(quarters) * self.kept, channels, 1, bias=False)
        self.attention = attention(channels)
        self.context = len(quarters) + self.attention.context

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        kept, rest = [], x
        for step in self.steps:
            refined = F.relu(step(rest))  # (N, made C/4, H, W)
            kept.append(refined[:, : self.kept])  # (N, C/4, H, W)
            rest = refined[:, self.kept :]  # (N, (made - 1) C/4, H, W), in the end without channels
        return x + self.attention(self.fuse(torch.cat(kept, dim=1)))
