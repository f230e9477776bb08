"""RFDN, the residual feature distillation network, for lightweight super-resolution.

Paper: Liu et al., "Residual Feature Distillation Network for Lightweight Image Super-Resolution", ECCV Workshops 2020,
https://arxiv.org/abs/2009.11551; winner of the AIM 2020 challenge on efficient super-resolution.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention import Attention, EnhancedSpatialAttention
from restore.blocks import DistillationTrunk, ResidualDistillationBlock
from restore.errors import ConfigError
from restore.networks.base import RestorationNetwork


def rfdn_attention(channels: int) -> Attention:
    """Enhanced spatial attention with C/4 channels inside, as in the paper."""
    return EnhancedSpatialAttention(channels, reduction=4)


class RFDN(RestorationNetwork):
    """A head, residual distillation blocks whose results are all fused, and one pixel shuffle at the end.

    The defaults are those of the only published weights (the challenge's winner, x4, pixels 0 to 255).

    Args:
        scale: how many times larger, from 1; 4 is published.
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels, from 2 (and 4 at least for the default attention).
        blocks: distillation blocks, from 1; the authors' code has 4 always.
        pixel_range: what the weights call white: 255 for the authors' weights. Pictures are [0, 1] outside.
        attention: builds each block's attention from `width`.

    Shape:
        input (N, image_channels, h, w), [0, 1]; output (N, image_channels, scale * h, scale * w), unclipped.

    Raises:
        ConfigError: a size is out of range.
        ShapeError: the input has another number of channels (on forward).
    """

    def __init__(
        self,
        scale: int = 4,
        image_channels: int = 3,
        width: int = 50,
        blocks: int = 4,
        pixel_range: float = 255.0,
        attention: Callable[[int], Attention] = rfdn_attention,
    ) -> None:
        if min(scale, image_channels, blocks) < 1 or width < 2 or pixel_range <= 0:
            raise ConfigError(
                f"RFDN got scale={scale}, image_channels={image_channels}, width={width}, blocks={blocks}, "
                f"pixel_range={pixel_range}. Give positive numbers, and a width of 2 at least."
            )
        trunk = DistillationTrunk(width, [ResidualDistillationBlock(width, attention) for _ in range(blocks)])
        super().__init__(scale=scale, image_channels=image_channels, multiple_of=1, context=2 + trunk.context)
        self.pixel_range = float(pixel_range)
        self.head = nn.Conv2d(image_channels, width, 3, padding=1)
        self.trunk = trunk
        self.tail = nn.Conv2d(width, scale**2 * image_channels, 3, padding=1)

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, scale * h, scale * w)."""
        self.check(degraded)
        features = self.trunk(self.head(degraded * self.pixel_range))  # (N, width, h, w)
        return F.pixel_shuffle(self.tail(features), self.scale) / self.pixel_range  # (N, C, scale * h, scale * w)
