"""MDSR: one body for several scales, with a head and an upsampler for each.

Paper: Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPRW 2017, section 3.3 and
figure 5, https://arxiv.org/abs/1707.02921
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from torch import Tensor, nn

from restore.attention import Attention, no_attention
from restore.blocks import ResidualBlock, ResidualGroup
from restore.errors import ConfigError
from restore.layers import Upsample
from restore.networks.scales import check_scales
from restore.networks.shifted import ShiftedNetwork


class MDSR(ShiftedNetwork):
    """Restores by the scale that is selected, and holds the weights of all.

    The paper's baseline is blocks=16; the default is its large network. Attention stands in the body only.
    Train one scale a step, or give `scales` one alone: what is not selected gets no gradient.

    Args:
        scale: the selected one, of `scales`.
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels.
        blocks: residual blocks of the body, from 1.
        scales: whose weights are held: of 1, 2, 3, 4 and 8, in the order of the authors' tensors.
        pixel_range: what the weights call white: 255 for the authors' weights. Pictures are [0, 1] outside.
        mean: colour, in [0, 1], that is subtracted first and added at the end. None is DIV2K's for RGB and no
            shift for gray; an empty sequence is no shift.
        attention: builds the attention of the body's blocks from `width`; the paper has none.

    Attributes:
        scales: whose weights are held.

    Shape:
        input (N, image_channels, h, w), [0, 1]; output (N, image_channels, scale * h, scale * w), unclipped.

    Raises:
        ConfigError: a size is out of range, `scale` is not among `scales`, or `mean` has another length than
            `image_channels`.
        ShapeError: the input has another number of channels (on forward).
    """

    def __init__(
        self,
        scale: int = 4,
        image_channels: int = 3,
        width: int = 64,
        blocks: int = 80,
        scales: Sequence[int] = (2, 3, 4),
        pixel_range: float = 255.0,
        mean: Sequence[float] | None = None,
        attention: Callable[[int], Attention] = no_attention,
    ) -> None:
        if min(image_channels, width, blocks) < 1:
            raise ConfigError(
                f"MDSR got image_channels={image_channels}, width={width}, blocks={blocks}. Give positive numbers."
            )
        held = check_scales("MDSR", scale, scales)
        super().__init__(scale, image_channels, 1, 0, pixel_range, mean)
        self.scales = held
        self.head = nn.Conv2d(image_channels, width, 3, padding=1)
        self.heads = nn.ModuleDict({str(one): nn.Sequential(*_head(width)) for one in held})
        self.body = ResidualGroup(width, blocks, attention)
        self.upsamplers = nn.ModuleDict({str(one): Upsample(width, one) for one in held})
        self.tail = nn.Conv2d(width, image_channels, 3, padding=1)
        self.select(scale)

    def select(self, scale: int) -> None:
        """Restore by another of the scales that are held from now on.

        Raises:
            ConfigError: `scale` is not held.
        """
        check_scales("MDSR", scale, self.scales)
        self.scale = scale
        upsample = self.upsamplers[str(scale)]
        assert isinstance(upsample, Upsample)
        self.context = 1 + _HEAD_CONTEXT + self.body.context + ceil(upsample.context + 1 / scale)

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, scale * h, scale * w)."""
        self.check(degraded)
        features = self.head(self.subtract_mean(degraded))  # (N, width, h, w)
        features = self.heads[str(self.scale)](features)
        features = self.body(features)  # the blocks, a convolution, and the long skip around them
        features = self.upsamplers[str(self.scale)](features)  # (N, width, scale * h, scale * w)
        return self.add_mean(self.tail(features))  # (N, C, scale * h, scale * w)


_HEAD_CONTEXT = 2 * 2 * 2
"""Two blocks of two 5x5 convolutions."""


def _head(width: int) -> list[ResidualBlock]:
    return [ResidualBlock(width, no_attention, kernel_size=5) for _ in range(2)]
