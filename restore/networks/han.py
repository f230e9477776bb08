"""HAN: RCAN's groups, whose results attend to each other as layers, and attention over channel and place together.

Paper: Niu et al., "Single Image Super-Resolution via a Holistic Attention Network", ECCV 2020, section 3 and figure 2,
https://arxiv.org/abs/2008.08767
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

import torch
from torch import Tensor, nn

from restore.attention import Attention, ChannelSpatialAttention3d, LayerAttention
from restore.blocks import ResidualGroup
from restore.errors import ConfigError
from restore.layers import Upsample
from restore.networks.rcan import rcan_attention
from restore.networks.shifted import ShiftedNetwork


def han_last_attention(channels: int) -> Attention:
    """Channel-spatial attention (CSAM): a gate for every value from a convolution over channel, row and column."""
    return ChannelSpatialAttention3d(channels)


class HAN(ShiftedNetwork):
    """RCAN with layer attention over all groups' results (LAM) and channel-spatial attention on the last one (CSAM).

    Diagram:
        x = head(picture); f_i = group_i(f_(i-1)), f_0 = x; last = conv(f_groups)
        layers = fuse_layers(layer_attention([last, f_groups, ..., f_1]))
        picture = tail(upsample(fuse([last_attention(last), layers]) + x))

    As in the authors' code the last convolution's result is one of the layers, the newest first, which the paper leaves
    open. Head, groups, convolution, upsampler and tail are called as RCAN's, so its weights are adopted: the authors
    start from them.

    Args:
        scale: 1, 2, 3, 4 or 8; scale 1 is the same network without its upsampler.
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels.
        groups: residual groups, from 1; the authors' code works with 10 only.
        blocks: residual blocks a group, from 1.
        pixel_range: what the weights call white: 255 for the authors' weights. Pictures are [0, 1] outside.
        mean: colour, in [0, 1], that is subtracted first and added at the end. None is DIV2K's for RGB and no
            shift for gray; an empty sequence is no shift.
        negated: whether layers that differ count most, as in the authors' networks; in the paper's formula those that
            are alike do.
        attention: builds each block's attention from `width`.
        last_attention: builds the attention on the last features from `width`.

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
        negated: bool = True,
        attention: Callable[[int], Attention] = rcan_attention,
        last_attention: Callable[[int], Attention] = han_last_attention,
    ) -> None:
        if min(image_channels, width, groups, blocks) < 1:
            raise ConfigError(
                f"HAN got image_channels={image_channels}, width={width}, groups={groups}, blocks={blocks}. "
                "Give positive numbers."
            )
        stack = [ResidualGroup(width, blocks, attention) for _ in range(groups)]
        last = last_attention(width)
        upsample = Upsample(width, scale)
        holistic = max(last.context, 1) + 1  # the wider of the two ways, and the fusion
        context = 2 + sum(group.context for group in stack) + holistic + ceil(upsample.context + 1 / scale)
        super().__init__(scale, image_channels, 1, context, pixel_range, mean)
        self.head = nn.Conv2d(image_channels, width, 3, padding=1)
        self.groups = nn.ModuleList(stack)
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.layer_attention = LayerAttention(negated)
        self.fuse_layers = nn.Conv2d((groups + 1) * width, width, 3, padding=1)
        self.last_attention = last
        self.fuse = nn.Conv2d(2 * width, width, 3, padding=1)
        self.upsample = upsample
        self.tail = nn.Conv2d(width, image_channels, 3, padding=1)

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, scale * h, scale * w)."""
        self.check(degraded)
        shallow = self.head(self.subtract_mean(degraded))  # (N, width, h, w)
        deep, found = shallow, []
        for group in self.groups:
            deep = group(deep)
            found.append(deep)
        last = self.conv(deep)
        newest_first = torch.stack([last, *reversed(found)], 1)  # (N, groups + 1, width, h, w)
        layers = self.fuse_layers(self.layer_attention(newest_first))  # (N, width, h, w)
        holistic = self.fuse(torch.cat([self.last_attention(last), layers], 1))
        return self.add_mean(self.tail(self.upsample(holistic + shallow)))  # (N, C, scale * h, scale * w)
