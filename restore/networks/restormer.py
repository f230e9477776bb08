"""Restormer, the restoration transformer whose attention is between channels.

Paper: Zamir et al., "Restormer: Efficient Transformer for High-Resolution Image Restoration", CVPR 2022, figure 2,
https://arxiv.org/abs/2111.09881
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention import Attention, TransposedAttention
from restore.blocks import Normalization, RestormerBlock
from restore.errors import ConfigError, ShapeError
from restore.layers import pad_to_multiple
from restore.networks.base import RestorationNetwork


class Restormer(RestorationNetwork):
    """A U-net of transformer blocks, and refinement at full size; the picture is padded by reflection.

    Formula:
        z = embed(x);  z = skip_i = encoder_i(z), down_i: 3x3 convolution C to C/2, pixel unshuffle   for each level i
        z = latent(z)
        z = [shuffle(up_i(z)), skip_i], up_i: 3x3 convolution C to 2C                                 back up again
        z = decoder_i(reduce_i(z)), reduce_i: 1x1 convolution to half; none at the finest level, which keeps both
        y = x + output(refinement(z))

    Args:
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels of the finest level, even; each level down has half the sides and twice the channels.
        blocks: blocks a level, the finest first, on each of its two sides; the coarsest has them once.
        refinement_blocks: blocks at full size before the output.
        heads: of the paper's attention, a level.
        expand: how many times wider each half of the feed-forward networks is.
        bias: whether convolutions have one; the published have none.
        normalization: "with_bias" is of the authors' weights for rain and blur, "bias_free" of those for noise.
        dual_pixel: takes the left and the right view of a dual-pixel sensor, one after the other on the channel axis;
            nothing is added to the output then, but the embedding to what is refined, by a 1x1 convolution.
        attention: builds each block's attention from its channels, and `heads` count for nothing; None is the
            paper's, transposed attention with the heads of its level.

    Shape:
        input (N, image_channels, H, W), twice the channels if dual pixel, [0, 1], any H and W from 1;
        output (N, image_channels, H, W), unclipped.

    Raises:
        ConfigError: a size is out of range, or `blocks` and `heads` differ in length.
        ShapeError: the input has another number of channels (on forward).
    """

    def __init__(
        self,
        image_channels: int = 3,
        width: int = 48,
        blocks: Sequence[int] = (4, 6, 6, 8),
        refinement_blocks: int = 4,
        heads: Sequence[int] = (1, 2, 4, 8),
        expand: float = 2.66,
        bias: bool = False,
        normalization: Normalization = "with_bias",
        dual_pixel: bool = False,
        attention: Callable[[int], Attention] | None = None,
    ) -> None:
        if len(blocks) < 2 or len(blocks) != len(heads):
            raise ConfigError(
                f"Restormer got blocks={list(blocks)} and heads={list(heads)}. Give one of each for two levels or more."
            )
        if min(image_channels, width, refinement_blocks, *blocks, *heads) < 1 or width % 2:
            raise ConfigError(
                f"Restormer got image_channels={image_channels}, width={width}, blocks={list(blocks)}, "
                f"refinement_blocks={refinement_blocks}, heads={list(heads)}. Give positive numbers, and an even width."
            )
        last = len(blocks) - 1
        super().__init__(scale=1, image_channels=image_channels, multiple_of=2**last, context=0)
        self.dual_pixel = dual_pixel

        def stack(level: int, count: int, channels: int) -> nn.Sequential:
            build = attention or partial(TransposedAttention, heads=heads[level], bias=bias)
            stacked = [RestormerBlock(channels, build, expand, bias, normalization) for _ in range(count)]
            # the finest level has one pixel for one, level i one for 2^i a side
            self.context += 2**level * sum(block.context for block in stacked)
            return nn.Sequential(*stacked)

        widths = [width * 2**level for level in range(last + 1)]
        kept = [2 * width, *widths[1:]]  # channels on the way up: the finest level keeps the skip beside
        self.embed = nn.Conv2d(image_channels * (1 + dual_pixel), width, 3, padding=1, bias=False)
        self.encoders = nn.ModuleList(stack(i, blocks[i], widths[i]) for i in range(last))
        self.downs = nn.ModuleList(nn.Conv2d(c, c // 2, 3, padding=1, bias=False) for c in widths[:-1])
        self.latent = stack(last, blocks[last], widths[last])
        up = list(reversed(range(last)))
        self.ups = nn.ModuleList(nn.Conv2d(widths[i + 1], 2 * widths[i + 1], 3, padding=1, bias=False) for i in up)
        self.reduces = nn.ModuleList(nn.Conv2d(2 * widths[i], widths[i], 1, bias=bias) for i in up[:-1])
        self.decoders = nn.ModuleList(stack(i, blocks[i], kept[i]) for i in up)
        self.refinement = stack(0, refinement_blocks, kept[0])
        self.skip = nn.Conv2d(width, kept[0], 1, bias=bias) if dual_pixel else None
        self.output = nn.Conv2d(kept[0], image_channels, 3, padding=1, bias=bias)
        # embedding and output; one pixel at each end of a down and of an up; where in the coarsest pixel a place lies
        self.context += 2 + sum(2**i + 2 ** (i + 1) for i in range(last)) + 2**last - 1

    @property
    def input_channels(self) -> int:
        """Channels that `forward` takes: of both views if dual pixel."""
        return self.image_channels * (1 + self.dual_pixel)

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, H, W), or (N, 2C, H, W) if dual pixel -> (N, C, H, W)."""
        self.check(degraded)
        height, width = degraded.shape[-2:]
        padded = pad_to_multiple(degraded, self.multiple_of)
        embedded = features = self.embed(padded)  # (N, width, H, W), sides rounded up
        skips = []
        for encoder, down in zip(self.encoders, self.downs, strict=True):
            features = encoder(features)
            skips.append(features)
            features = F.pixel_unshuffle(down(features), 2)  # (N, 2C, half, half)
        features = self.latent(features)
        for up, reduce, decoder in zip(self.ups, [*self.reduces, nn.Identity()], self.decoders, strict=True):
            wide = torch.cat([F.pixel_shuffle(up(features), 2), skips.pop()], dim=1)  # (N, C, double, double)
            features = decoder(reduce(wide))  # (N, C/2, double, double); C at the finest level
        features = self.refinement(features)
        if self.skip is not None:
            return self.output(features + self.skip(embedded))[..., :height, :width]
        return (padded + self.output(features))[..., :height, :width]

    def check(self, degraded: Tensor) -> None:
        """Raise ShapeError unless `degraded` is (N, image_channels, H, W), or twice the channels if dual pixel."""
        if not self.dual_pixel:
            super().check(degraded)
        elif degraded.dim() != 4 or degraded.shape[1] != self.input_channels:
            raise ShapeError(
                f"Restormer for dual pixels expects (N, {self.input_channels}, H, W), got {tuple(degraded.shape)}. "
                f"It restores image_channels={self.image_channels} from two views: put the left and the right view "
                "one after the other on the channel axis."
            )
