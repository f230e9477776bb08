"""SAN: second-order attention behind groups of residual units, non-local attention before and after them.

Paper: Dai et al., "Second-order Attention Network for Single Image Super-Resolution", CVPR 2019, section 3 and figures
2 and 3,
https://openaccess.thecvf.com/content_CVPR_2019/html/Dai_Second-Order_Attention_Network_for_Single_Image_Super-Resolution_CVPR_2019_paper.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

import torch
from torch import Tensor, nn

from restore.attention import Attention, RegionNonLocalAttention, SecondOrderChannelAttention
from restore.blocks import LocalSourceGroup
from restore.errors import ConfigError
from restore.layers import Upsample
from restore.networks.shifted import ShiftedNetwork


def san_attention(channels: int) -> Attention:
    """Second-order channel attention with a bottleneck of C/16, over all places as in the paper.

    The authors' code leaves out what lies beyond the middle 1000 pixels: `crop="published"`.
    """
    return SecondOrderChannelAttention(channels, reduction=16)


def san_non_local_attention(channels: int) -> Attention:
    """Region-level non-local attention, 2x2 regions and C/8 wide, with keys pooled by 2 as in the authors' networks."""
    return RegionNonLocalAttention(channels, regions=2, reduction=8, subsample=True)


class SAN(ShiftedNetwork):
    """Non-locally enhanced residual group: groups that each get the source features added, between non-local blocks.

    Diagram, s: the one learnt `source_scale`, from nought (share-source skip connection):
        x = head(picture); source = non_local(x)
        y = source; for every group: y = group(y) + s source
        picture = tail(upsample(non_local(y) + x)), the same non-local block as before

    The network's last convolution, the non-local block's own second-order attention and each group's scale, which the
    authors' weights hold, are used by no computation of theirs. They are not here; `restore.zoo.convert_state` keeps
    them beside.

    Args:
        scale: 1, 2, 3, 4 or 8; scale 1 is the same network without its upsampler.
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels.
        groups: local-source residual attention groups, from 1.
        blocks: residual units a group, from 1.
        pixel_range: what the weights call white: 255 for the authors' weights. Pictures are [0, 1] outside.
        mean: colour, in [0, 1], that is subtracted first and added at the end. None is DIV2K's for RGB and no
            shift for gray; an empty sequence is no shift.
        attention: builds each group's attention from `width`.
        non_local_attention: builds the attention before and after the groups from `width`: one module, used twice.

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
        groups: int = 20,
        blocks: int = 10,
        pixel_range: float = 255.0,
        mean: Sequence[float] | None = None,
        attention: Callable[[int], Attention] = san_attention,
        non_local_attention: Callable[[int], Attention] = san_non_local_attention,
    ) -> None:
        if min(image_channels, width, groups, blocks) < 1:
            raise ConfigError(
                f"SAN got image_channels={image_channels}, width={width}, groups={groups}, blocks={blocks}. "
                "Give positive numbers."
            )
        stack = [LocalSourceGroup(width, blocks, attention) for _ in range(groups)]
        non_local = non_local_attention(width)
        upsample = Upsample(width, scale)
        inner = 2 * non_local.context + sum(group.context for group in stack)
        context = 1 + inner + ceil(upsample.context + 1 / scale)
        super().__init__(scale, image_channels, 1, context, pixel_range, mean)
        self.head = nn.Conv2d(image_channels, width, 3, padding=1)
        self.non_local = non_local
        self.groups = nn.ModuleList(stack)
        self.source_scale = nn.Parameter(torch.zeros(1))
        self.upsample = upsample
        self.tail = nn.Conv2d(width, image_channels, 3, padding=1)

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, scale * h, scale * w)."""
        self.check(degraded)
        shallow = self.head(self.subtract_mean(degraded))  # (N, width, h, w)
        source = self.non_local(shallow)
        deep = source
        for group in self.groups:
            deep = group(deep) + self.source_scale * source
        deep = self.non_local(deep) + shallow
        return self.add_mean(self.tail(self.upsample(deep)))  # (N, C, scale * h, scale * w)
