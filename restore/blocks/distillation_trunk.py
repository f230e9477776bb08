"""The trunk that IMDN and RFDN share: what every block gives is collected and fused.

Paper: Hui et al., "Lightweight Image Super-Resolution with Information Multi-distillation Network", ACM MM 2019,
section 3.1, https://arxiv.org/abs/1909.11856
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.blocks.information_distillation import InformationDistillationBlock
from restore.blocks.residual_distillation import ResidualDistillationBlock

Block = InformationDistillationBlock | ResidualDistillationBlock


class DistillationTrunk(nn.Module):
    """Blocks in a chain, all their results fused by 1x1, LeakyReLU 0.05, a 3x3 convolution, plus the input.

    Args:
        channels: C of the feature map.
        blocks: the blocks of the chain, one at least.

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).
    """

    def __init__(self, channels: int, blocks: Sequence[Block]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.fuse = nn.Conv2d(len(blocks) * channels, channels, 1)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.context = 1 + sum(block.context for block in blocks)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        results, deep = [], x
        for block in self.blocks:
            deep = block(deep)
            results.append(deep)
        fused = F.leaky_relu(self.fuse(torch.cat(results, dim=1)), 0.05)  # (N, C, H, W)
        return x + self.conv(fused)
