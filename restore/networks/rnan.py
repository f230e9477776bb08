"""RNAN: residual attention blocks whose masks look locally or at the whole picture, for any restoration.

Paper: Zhang et al., "Residual Non-local Attention Networks for Image Restoration", ICLR 2019, section 3 and figure 1,
https://arxiv.org/abs/1903.10082
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from torch import Tensor, nn

from restore.attention import Attention, MaskAttention
from restore.blocks import ResidualAttentionBlock
from restore.errors import ConfigError
from restore.layers import Upsample, pad_to_multiple
from restore.networks.shifted import ShiftedNetwork


def rnan_attention(channels: int) -> Attention:
    """The local mask branch."""
    return MaskAttention(channels)


def rnan_non_local_attention(channels: int) -> Attention:
    """The non-local mask branch, its softmax over the queries as in the authors' networks; the paper has the keys."""
    return MaskAttention(channels, non_local=True, normalize_over="queries")


class RNAN(ShiftedNetwork):
    """A non-local group, local groups and a convolution, a non-local group; a group is an attention block and a conv.

    Diagram:
        scale 1: picture + tail(high(conv(groups(low(head(picture))))))
        others:  tail(upsample(high(conv(groups(low(x)))) + x)), x = head(picture)

    At scale 1 it is the paper's network for denoising and demosaicing (image_channels 3) and for gray denoising and the
    luma of JPEG pictures (image_channels 1); only super-resolution shifts the mean colour by itself.

    Args:
        scale: 1, 2, 3, 4 or 8; the paper has 1, 2, 3 and 4.
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels.
        groups: residual attention groups, from 2; the first and the last are the non-local ones.
        pixel_range: what the weights call white: 255 for the authors' weights. Pictures are [0, 1] outside.
        mean: colour, in [0, 1], that is subtracted first and added at the end. None is DIV2K's for RGB at scales above
            1 and no shift elsewhere; an empty sequence is no shift.
        attention: builds the mask of each group in the middle from `width`.
        non_local_attention: builds the masks of the first and the last group from `width`.

    Shape:
        input (N, image_channels, h, w), [0, 1]; output (N, image_channels, scale * h, scale * w), unclipped. Odd sides
        are padded inside by reflection: masks halve the size.

    Raises:
        ConfigError: a size is out of range, or `mean` has another length than `image_channels`.
        ShapeError: the input has another number of channels (on forward).
    """

    def __init__(
        self,
        scale: int = 1,
        image_channels: int = 3,
        width: int = 64,
        groups: int = 10,
        pixel_range: float = 255.0,
        mean: Sequence[float] | None = None,
        attention: Callable[[int], Attention] = rnan_attention,
        non_local_attention: Callable[[int], Attention] = rnan_non_local_attention,
    ) -> None:
        if min(image_channels, width) < 1 or groups < 2:
            raise ConfigError(
                f"RNAN got image_channels={image_channels}, width={width}, groups={groups}. "
                "Give at least 1 channel, a width of 1 and the 2 non-local groups."
            )
        makers = [non_local_attention, *[attention] * (groups - 2), non_local_attention]
        blocks = [ResidualAttentionBlock(width, maker) for maker in makers]
        low, *middle, high = [nn.Sequential(block, nn.Conv2d(width, width, 3, padding=1)) for block in blocks]
        upsample = Upsample(width, scale)
        context = 2 + sum(block.context + 1 for block in blocks) + ceil(upsample.context + 1 / scale)
        super().__init__(scale, image_channels, 2, context, pixel_range, () if mean is None and scale == 1 else mean)
        self.head = nn.Conv2d(image_channels, width, 3, padding=1)
        self.low = low
        self.groups = nn.Sequential(*middle)
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.high = high
        self.upsample = upsample
        self.tail = nn.Conv2d(width, image_channels, 3, padding=1)

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, scale * h, scale * w)."""
        self.check(degraded)
        height, width = (self.scale * side for side in degraded.shape[-2:])
        picture = self.subtract_mean(pad_to_multiple(degraded, self.multiple_of))  # (N, C, h, w), even
        shallow = self.head(picture)  # (N, width, h, w)
        deep = self.high(self.conv(self.groups(self.low(shallow))))
        if self.scale == 1:
            return self.add_mean(picture + self.tail(deep))[..., :height, :width]
        enlarged = self.upsample(deep + shallow)  # (N, width, scale * h, scale * w)
        return self.add_mean(self.tail(enlarged))[..., :height, :width]
