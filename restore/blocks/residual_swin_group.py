"""Residual Swin transformer group: Swin blocks, a convolution, a skip.

Paper: Liang et al., "SwinIR: Image Restoration Using Swin Transformer", ICCV Workshops 2021, section 3.2 and figure 2
(a), https://arxiv.org/abs/2108.10257
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from restore.attention import Attention
from restore.blocks.swin_block import SwinBlock
from restore.errors import ConfigError


class SwinConv(nn.Sequential):
    """What stands at the end of a group and of the network: a 3x3 convolution, or three with a bottleneck of C/4.

    Args:
        channels: C of the feature map.
        bottleneck: 3x3 to C/4, 1x1, 3x3 back, with LeakyReLU 0.2 between, instead of one 3x3.

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: nothing is left of C/4.
    """

    def __init__(self, channels: int, bottleneck: bool = False) -> None:
        if bottleneck and channels < 4:
            raise ConfigError(f"SwinConv got a bottleneck for {channels} channels. Give 4 at least.")
        narrow = channels // 4
        layers: list[nn.Module] = [nn.Conv2d(channels, channels, 3, padding=1)]
        if bottleneck:
            layers = [nn.Conv2d(channels, narrow, 3, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(narrow, narrow, 1)]
            layers += [nn.LeakyReLU(0.2), nn.Conv2d(narrow, channels, 3, padding=1)]
        super().__init__(*layers)
        self.bottleneck = bottleneck
        self.context = 2 if bottleneck else 1


class ResidualSwinGroup(nn.Module):
    """Swin blocks and a convolution, plus the input.

    Args:
        channels: C of the feature map.
        attentions: for each block, what builds its attention from C.
        expansion: see `SwinBlock`.
        bottleneck: see `SwinConv`.
        drops: how often each block's branches are left out in training; none for never.

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: a number is out of range, there is no block, or `drops` are not one a block.
    """

    def __init__(
        self,
        channels: int,
        attentions: Sequence[Callable[[int], Attention]],
        expansion: float = 2.0,
        bottleneck: bool = False,
        drops: Sequence[float] = (),
    ) -> None:
        super().__init__()
        drops = drops or [0.0] * len(attentions)
        if not attentions or len(drops) != len(attentions):
            raise ConfigError(
                f"ResidualSwinGroup got {len(attentions)} attentions and {len(drops)} drops. Give one of each a block."
            )
        stack = [
            SwinBlock(channels, attention, expansion, drop) for attention, drop in zip(attentions, drops, strict=True)
        ]
        self.blocks = nn.Sequential(*stack)
        self.conv = SwinConv(channels, bottleneck)
        self.context = sum(block.context for block in stack) + self.conv.context

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return x + self.conv(self.blocks(x))
