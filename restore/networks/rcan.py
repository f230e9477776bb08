"""RCAN: residual groups of residual channel-attention blocks, for super-resolution.

Paper: Zhang et al., "Image Super-Resolution Using Very Deep Residual Channel Attention Networks",
ECCV 2018, https://arxiv.org/abs/1807.02758
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from torch import Tensor, nn

from restore.attention import Attention, ChannelAttention
from restore.blocks import Activation, Branch, Placement, ResidualGroup
from restore.errors import ConfigError
from restore.layers import Upsample
from restore.networks.shifted import ShiftedNetwork


def rcan_attention(channels: int) -> Attention:
    """Channel attention with a bottleneck of C/16, as in the paper."""
    return ChannelAttention(channels, reduction=16)


class RCAN(ShiftedNetwork):
    """Residual in residual, with attention in every block; scale 1 is the same network without its upsampler.

    Args:
        scale: 1, 2, 3, 4 or 8.
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels.
        groups: residual groups, from 1.
        blocks: residual blocks a group, from 1.
        pixel_range: what the weights call white: 255 for the authors' weights. Pictures are [0, 1] outside.
        mean: colour, in [0, 1], that is subtracted first and added at the end. None is DIV2K's for RGB and no
            shift for gray; an empty sequence is no shift.
        attention: builds each block's attention from `width`.
        placement: where the attention acts in each block, see `ResidualBlock`; the paper's is "standard".
        activation: of the blocks: "relu" in the paper, "silu" in RCAN-it (Lin et al., "Revisiting RCAN: Improved
            Training for Image Super-Resolution", 2022, https://arxiv.org/abs/2201.11279), or "prelu".
        branch: what each block's branch is made of: "plain" in the paper, "pre_activation", "wide", "grouped",
            "depthwise" or "dense", see `restore.blocks.branches`.

    In the authors' code the mean shift is trained by accident, so their checkpoints may hold any values there, and
    these are kept.

    Shape:
        input (N, image_channels, h, w), [0, 1]; output (N, image_channels, scale * h, scale * w), unclipped.

    Raises:
        ConfigError: a size is out of range, or `mean` has another length than `image_channels`.
        ShapeError: the input has another number of channels (on forward).
    """

    def __init__(
        self,
        scale: int = 4,
        image_channels: int = 3,
        width: int = 64,
        groups: int = 10,
        blocks: int = 20,
        pixel_range: float = 255.0,
        mean: Sequence[float] | None = None,
        attention: Callable[[int], Attention] = rcan_attention,
        placement: Placement = "standard",
        activation: Activation = "relu",
        branch: Branch = "plain",
    ) -> None:
        if min(image_channels, width, groups, blocks) < 1:
            raise ConfigError(
                f"RCAN got image_channels={image_channels}, width={width}, groups={groups}, blocks={blocks}. "
                "Give positive numbers."
            )
        stack = [
            ResidualGroup(width, blocks, attention, placement=placement, activation=activation, branch=branch)
            for _ in range(groups)
        ]
        upsample = Upsample(width, scale)
        context = 2 + sum(group.context for group in stack) + ceil(upsample.context + 1 / scale)
        super().__init__(scale, image_channels, 1, context, pixel_range, mean)
        self.head = nn.Conv2d(image_channels, width, 3, padding=1)
        self.groups = nn.Sequential(*stack)
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.upsample = upsample
        self.tail = nn.Conv2d(width, image_channels, 3, padding=1)

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, scale * h, scale * w)."""
        self.check(degraded)
        shallow = self.head(self.subtract_mean(degraded))  # (N, width, h, w)
        deep = shallow + self.conv(self.groups(shallow))
        return self.add_mean(self.tail(self.upsample(deep)))  # (N, C, scale * h, scale * w)
