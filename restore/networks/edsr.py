"""EDSR: residual blocks without normalisation and one long skip, for super-resolution.

Paper: Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPRW 2017, section 3.2 and
figure 3, https://arxiv.org/abs/1707.02921
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from torch import Tensor, nn

from restore.attention import Attention, no_attention
from restore.blocks import Branch, ResidualGroup
from restore.errors import ConfigError
from restore.layers import Upsample
from restore.networks.shifted import ShiftedNetwork


class EDSR(ShiftedNetwork):
    """A convolution, a stack of residual blocks with a long skip, and the upsampler; scale 1 has no upsampler.

    The paper's baseline is width=64, blocks=16, residual_scale=1; the defaults are its large network.

    Args:
        scale: 1, 2, 3, 4 or 8; the paper has 2, 3 and 4.
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels.
        blocks: residual blocks, from 1.
        residual_scale: what each block's branch is multiplied by before it is added.
        pixel_range: what the weights call white: 255 for the authors' weights. Pictures are [0, 1] outside.
        mean: colour, in [0, 1], that is subtracted first and added at the end. None is DIV2K's for RGB and no
            shift for gray; an empty sequence is no shift.
        attention: builds each block's attention from `width`; the paper has none.
        branch: what each block's branch is made of: "plain" in the paper, "pre_activation", "wide", "grouped",
            "depthwise" or "dense", see `restore.blocks.branches`.

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
        width: int = 256,
        blocks: int = 32,
        residual_scale: float = 0.1,
        pixel_range: float = 255.0,
        mean: Sequence[float] | None = None,
        attention: Callable[[int], Attention] = no_attention,
        branch: Branch = "plain",
    ) -> None:
        if min(image_channels, width, blocks) < 1:
            raise ConfigError(
                f"EDSR got image_channels={image_channels}, width={width}, blocks={blocks}. Give positive numbers."
            )
        body = ResidualGroup(width, blocks, attention, residual_scale=residual_scale, branch=branch)
        upsample = Upsample(width, scale)
        context = 1 + body.context + ceil(upsample.context + 1 / scale)
        super().__init__(scale, image_channels, 1, context, pixel_range, mean)
        self.head = nn.Conv2d(image_channels, width, 3, padding=1)
        self.body = body
        self.upsample = upsample
        self.tail = nn.Conv2d(width, image_channels, 3, padding=1)

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, scale * h, scale * w)."""
        self.check(degraded)
        features = self.head(self.subtract_mean(degraded))  # (N, width, h, w)
        features = self.body(features)  # the blocks, a convolution, and the long skip around them
        return self.add_mean(self.tail(self.upsample(features)))  # (N, C, scale * h, scale * w)
