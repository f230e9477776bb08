"""CARN and CARN-M: cascades of cascades, light and quick, for super-resolution.

Paper: Ahn et al., "Fast, Accurate, and Lightweight Super-Resolution with Cascading Residual Network", ECCV 2018,
section 3, https://arxiv.org/abs/1803.08664
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from torch import Tensor, nn

from restore.attention import Attention, no_attention
from restore.blocks import Cascade, RectifiedBlock
from restore.errors import ConfigError
from restore.layers import Upsample
from restore.networks.scales import check_scales
from restore.networks.shifted import ShiftedNetwork

_COUNT = 3
"""Blocks of the network, and residual blocks of a block."""


class CARN(ShiftedNetwork):
    """Three cascading blocks in a cascade, and an upsampler for each scale that is held; the selected one is used.

    CARN-M is mobile=True, groups=4. Train one scale a step, or give `scales` one alone: what is not selected gets no
    gradient.

    Args:
        scale: the selected one, of `scales`.
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels; 64 in the paper.
        mobile: whether each block uses one efficient residual block (with a 1x1 convolution) three times.
        groups: of the upsamplers' convolutions and, if mobile, of the blocks' 3x3 convolutions.
        scales: whose upsamplers are held: of 1, 2, 3, 4 and 8.
        pixel_range: what the weights call white: 1 for the authors' weights.
        mean: colour, in [0, 1], that is subtracted first and added at the end. None is DIV2K's for RGB and no
            shift for gray; an empty sequence is no shift.
        attention: builds the attention of each residual block from `width`; the paper has none.

    Attributes:
        scales: whose upsamplers are held.

    Shape:
        input (N, image_channels, h, w), [0, 1]; output (N, image_channels, scale * h, scale * w), unclipped.

    Raises:
        ConfigError: a size is out of range, `groups` does not divide `width`, `scale` is not among `scales`, or
            `mean` has another length than `image_channels`.
        ShapeError: the input has another number of channels (on forward).
    """

    def __init__(
        self,
        scale: int = 4,
        image_channels: int = 3,
        width: int = 64,
        mobile: bool = False,
        groups: int = 1,
        scales: Sequence[int] = (2, 3, 4),
        pixel_range: float = 1.0,
        mean: Sequence[float] | None = None,
        attention: Callable[[int], Attention] = no_attention,
    ) -> None:
        if min(image_channels, width) < 1:
            raise ConfigError(f"CARN got image_channels={image_channels}, width={width}. Give positive numbers.")
        held = check_scales("CARN", scale, scales)
        super().__init__(scale, image_channels, 1, 0, pixel_range, mean)
        self.scales = held
        self.mobile = mobile
        self.groups = groups
        self.head = nn.Conv2d(image_channels, width, 3, padding=1)
        self.body = Cascade(width, [self._block(width, attention) for _ in range(_COUNT)], _COUNT)
        self.upsamplers = nn.ModuleDict({str(one): Upsample(width, one, None, groups, True) for one in held})
        self.tail = nn.Conv2d(width, image_channels, 3, padding=1)
        self.select(scale)

    def _block(self, width: int, attention: Callable[[int], Attention]) -> Cascade:
        if self.mobile:
            return Cascade(width, [RectifiedBlock(width, attention, self.groups, pointwise=True)], _COUNT)
        return Cascade(width, [RectifiedBlock(width, attention) for _ in range(_COUNT)], _COUNT)

    def select(self, scale: int) -> None:
        """Restore by another of the scales that are held from now on.

        Raises:
            ConfigError: `scale` is not held.
        """
        check_scales("CARN", scale, self.scales)
        self.scale = scale
        upsample = self.upsamplers[str(scale)]
        assert isinstance(upsample, Upsample)
        self.context = 1 + self.body.context + ceil(upsample.context + 1 / scale)

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, scale * h, scale * w)."""
        self.check(degraded)
        features = self.body(self.head(self.subtract_mean(degraded)))  # (N, width, h, w)
        features = self.upsamplers[str(self.scale)](features)  # (N, width, scale * h, scale * w)
        return self.add_mean(self.tail(features))  # (N, C, scale * h, scale * w)
