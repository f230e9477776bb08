"""Residual group: blocks, one convolution, and a skip around them all.

Paper: Zhang et al., "Image Super-Resolution Using Very Deep Residual Channel Attention Networks",
ECCV 2018, section 3.2 (residual in residual), https://arxiv.org/abs/1807.02758
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from restore.attention import Attention
from restore.blocks.branches import Branch
from restore.blocks.residual_block import Activation, Placement, ResidualBlock


class ResidualGroup(nn.Module):
    """`blocks` residual blocks and a convolution, plus the input.

    Args:
        channels: C of the feature map.
        blocks: how many residual blocks.
        attention: builds each block's attention from C; called once a block.
        kernel_size: of all convolutions, odd.
        placement: where the attention acts in each block, see `ResidualBlock`.
        activation: of each block, "relu", "prelu" or "silu".
        residual_scale: of each block's branch.
        branch: what each block's branch is made of, see `branch_convolutions`.

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).
    """

    def __init__(
        self,
        channels: int,
        blocks: int,
        attention: Callable[[int], Attention],
        kernel_size: int = 3,
        placement: Placement = "standard",
        activation: Activation = "relu",
        residual_scale: float = 1.0,
        branch: Branch = "plain",
    ) -> None:
        super().__init__()
        stack = [
            ResidualBlock(channels, attention, kernel_size, placement, activation, residual_scale, branch)
            for _ in range(blocks)
        ]
        self.blocks = nn.Sequential(*stack)
        self.conv = nn.Conv2d(channels, channels, kernel_size, padding=kernel_size // 2)
        self.context = kernel_size // 2 + sum(block.context for block in stack)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return x + self.conv(self.blocks(x))
