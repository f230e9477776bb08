"""A small residual U-net with attention slots, on pixel-unshuffled pictures: quick on a CPU.

The U shape is from Ronneberger et al., MICCAI 2015, https://arxiv.org/abs/1505.04597; residual blocks without
normalisation at every level as in DRUNet (Zhang et al., TPAMI 2021, https://arxiv.org/abs/2008.13751); working
at half size after a pixel-unshuffle as in FFDNet (Zhang et al., TIP 2018, https://arxiv.org/abs/1710.04026).
The combination and its widths are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention import Attention, ChannelAttention
from restore.blocks import ResidualBlock
from restore.errors import ConfigError
from restore.layers import pad_to_multiple
from restore.networks.base import RestorationNetwork


def unet_attention(channels: int) -> Attention:
    """Channel attention with a bottleneck of C/8."""
    return ChannelAttention(channels, reduction=8)


class UNet(RestorationNetwork):
    """Residual U-net for denoising: predicts the noise and subtracts it.

    Args:
        image_channels: 1 (gray) or 3 (RGB).
        widths: hidden channels from the finest level (half the picture's size) to the coarsest.
        blocks: residual blocks a level, on each of its two sides; the coarsest level has them once.
        attention: builds each block's attention from its channels.

    Shape:
        input and output: (N, image_channels, H, W), [0, 1], any H and W from 1; padded inside by reflection.

    Raises:
        ConfigError: `widths` and `blocks` differ in length.
        ShapeError: the input has another number of channels (on forward).
    """

    def __init__(
        self,
        image_channels: int = 3,
        widths: Sequence[int] = (32, 64, 128),
        blocks: Sequence[int] = (2, 2, 2),
        attention: Callable[[int], Attention] = unet_attention,
    ) -> None:
        if len(widths) != len(blocks) or not widths:
            raise ConfigError(f"UNet got widths={list(widths)} and blocks={list(blocks)}. Give one of each a level.")
        factor = 2 ** len(widths)
        super().__init__(scale=1, image_channels=image_channels, multiple_of=factor, context=0)
        sides = list(zip(widths[:-1], blocks[:-1], strict=True))
        self.head = nn.Conv2d(4 * image_channels, widths[0], 3, padding=1)
        self.encoders = nn.ModuleList(_stack(width, count, attention) for width, count in sides)
        self.downs = nn.ModuleList(nn.Conv2d(widths[i], widths[i + 1], 2, stride=2) for i in range(len(sides)))
        self.middle = _stack(widths[-1], blocks[-1], attention)
        self.ups = nn.ModuleList(nn.Conv2d(widths[i + 1], 4 * widths[i], 1) for i in range(len(sides)))
        self.decoders = nn.ModuleList(_stack(width, count, attention) for width, count in sides)
        self.tail = nn.Conv2d(widths[0], 4 * image_channels, 3, padding=1)
        self.context = factor + sum(  # level i is 2^(i+1) times smaller, and is passed on the way down and up
            2 ** (level + 1) * 2 * sum(cast(ResidualBlock, block).context for block in cast(nn.Sequential, stack))
            for level, stack in enumerate([*self.encoders, self.middle])
        )

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        self.check(degraded)
        height, width = degraded.shape[-2:]
        padded = pad_to_multiple(degraded, self.multiple_of)
        features = self.head(F.pixel_unshuffle(padded, 2))  # (N, W0, H/2, W/2)
        skips = []
        for encoder, down in zip(self.encoders, self.downs, strict=True):
            features = encoder(features)
            skips.append(features)
            features = down(features)  # (N, W_i+1, half, half)
        features = self.middle(features)
        for i in reversed(range(len(skips))):
            features = skips[i] + F.pixel_shuffle(self.ups[i](features), 2)  # (N, W_i, double, double)
            features = self.decoders[i](features)
        noise = F.pixel_shuffle(self.tail(features), 2)  # (N, C, H, W)
        return (padded - noise)[..., :height, :width]


def _stack(width: int, count: int, attention: Callable[[int], Attention]) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(width, attention) for _ in range(count)))
