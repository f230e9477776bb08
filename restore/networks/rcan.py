"""RCAN: residual groups of residual channel-attention blocks, for super-resolution.

Paper: Zhang et al., "Image Super-Resolution Using Very Deep Residual Channel Attention Networks",
ECCV 2018, https://arxiv.org/abs/1807.02758
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from torch import Tensor, nn

from restore.attention import Attention, ChannelAttention
from restore.blocks import Placement, ResidualGroup
from restore.errors import ConfigError
from restore.layers import DIV2K_MEAN, Upsample, mean_shift, mean_shift_constants
from restore.networks.base import RestorationNetwork


def rcan_attention(channels: int) -> Attention:
    """Channel attention with a bottleneck of C/16, as in the paper."""
    return ChannelAttention(channels, reduction=16)


class RCAN(RestorationNetwork):
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

    The mean shift is four buffers, `subtract_*` and `add_*`, not trained; in the authors' code they are trained
    by accident, so their checkpoints may hold any values there, and these are kept.

    Shape:
        input (N, image_channels, h, w), [0, 1]; output (N, image_channels, scale * h, scale * w), unclipped.

    Raises:
        ConfigError: a size is out of range, or `mean` has another length than `image_channels`.
        ShapeError: the input has another number of channels (on forward).
    """

    subtract_weight: Tensor
    subtract_bias: Tensor
    add_weight: Tensor
    add_bias: Tensor

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
    ) -> None:
        if min(image_channels, width, groups, blocks) < 1 or pixel_range <= 0:
            raise ConfigError(
                f"RCAN got image_channels={image_channels}, width={width}, groups={groups}, blocks={blocks}, "
                f"pixel_range={pixel_range}. Give positive numbers."
            )
        if mean is None:
            mean = DIV2K_MEAN if image_channels == len(DIV2K_MEAN) else ()
        if mean and len(mean) != image_channels:
            raise ConfigError(
                f"RCAN got a mean of {len(mean)} colours and image_channels={image_channels}. "
                "Give one value a channel, or [] for no shift."
            )
        stack = [ResidualGroup(width, blocks, attention, placement=placement) for _ in range(groups)]
        upsample = Upsample(width, scale)
        context = 2 + sum(group.context for group in stack) + ceil(upsample.context + 1 / scale)
        super().__init__(scale=scale, image_channels=image_channels, multiple_of=1, context=context)
        self.pixel_range = float(pixel_range)
        self.shifts = bool(mean)
        if self.shifts:
            for name, sign in (("subtract", -1), ("add", 1)):
                weight, bias = mean_shift_constants(mean, sign * self.pixel_range)
                self.register_buffer(f"{name}_weight", weight)
                self.register_buffer(f"{name}_bias", bias)
        self.head = nn.Conv2d(image_channels, width, 3, padding=1)
        self.groups = nn.Sequential(*stack)
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.upsample = upsample
        self.tail = nn.Conv2d(width, image_channels, 3, padding=1)

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, scale * h, scale * w)."""
        self.check(degraded)
        picture = degraded * self.pixel_range
        if self.shifts:
            picture = mean_shift(picture, self.subtract_weight, self.subtract_bias)
        shallow = self.head(picture)  # (N, width, h, w)
        deep = shallow + self.conv(self.groups(shallow))
        restored = self.tail(self.upsample(deep))  # (N, C, scale * h, scale * w)
        if self.shifts:
            restored = mean_shift(restored, self.add_weight, self.add_bias)
        return restored / self.pixel_range
