"""NAFNet, the nonlinear activation free network, and the baseline that it was simplified from.

Paper: Chen et al., "Simple Baselines for Image Restoration", ECCV 2022, figures 2 (c) and 3,
https://arxiv.org/abs/2204.04676
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention import Attention, ChannelAttention, SimpleChannelAttention
from restore.blocks import NAFActivation, NAFBlock
from restore.errors import ConfigError
from restore.layers import pad_to_multiple
from restore.networks.base import RestorationNetwork


def nafnet_attention(channels: int) -> Attention:
    """Simplified channel attention, as in the paper."""
    return SimpleChannelAttention(channels)


def naf_baseline_attention(channels: int) -> Attention:
    """Channel attention with a bottleneck of C/2, as in the paper."""
    return ChannelAttention(channels, reduction=2)


class _OneStageUNet(RestorationNetwork):
    """What both share: the U of figure 2 (c). The picture is padded below and on the right with zeros.

    Formula:
        z = intro(x);  z = skip_i = encoder_i(z), down_i: 2x2 convolution of stride 2, C to 2C   for each level i
        z = middle(z)
        z = decoder_i(shuffle(up_i(z)) + skip_i), up_i: 1x1 convolution, C to 2C                 back up again
        y = x + ending(z)
    """

    def __init__(
        self,
        image_channels: int,
        width: int,
        encoder_blocks: Sequence[int],
        middle_blocks: int,
        decoder_blocks: Sequence[int],
        attention: Callable[[int], Attention],
        activation: NAFActivation,
        expand: int,
        feed_forward_expand: int,
    ) -> None:
        name, levels = type(self).__name__, len(encoder_blocks)
        if not levels or levels != len(decoder_blocks):
            raise ConfigError(
                f"{name} got encoder_blocks={list(encoder_blocks)} and decoder_blocks={list(decoder_blocks)}. "
                "Give one of each a level."
            )
        if min(image_channels, width) < 1 or min(middle_blocks, *encoder_blocks, *decoder_blocks) < 0:
            raise ConfigError(
                f"{name} got image_channels={image_channels}, width={width}, encoder_blocks={list(encoder_blocks)}, "
                f"middle_blocks={middle_blocks}, decoder_blocks={list(decoder_blocks)}. Give positive sizes, and no "
                "fewer than 0 blocks."
            )
        super().__init__(scale=1, image_channels=image_channels, multiple_of=2**levels, context=0)

        def stack(level: int, count: int) -> nn.Sequential:
            channels = width * 2**level
            blocks = [NAFBlock(channels, attention, activation, expand, feed_forward_expand) for _ in range(count)]
            # the finest level has one pixel for one, level i one for 2^i a side
            self.context += 2**level * sum(block.context for block in blocks)
            return nn.Sequential(*blocks)

        fine = range(levels)
        self.intro = nn.Conv2d(image_channels, width, 3, padding=1)
        self.encoders = nn.ModuleList(stack(level, encoder_blocks[level]) for level in fine)
        self.downs = nn.ModuleList(nn.Conv2d(width * 2**i, width * 2 ** (i + 1), 2, stride=2) for i in fine)
        self.middle = stack(levels, middle_blocks)
        self.ups = nn.ModuleList(
            nn.Conv2d(width * 2 ** (i + 1), width * 2 ** (i + 2), 1, bias=False) for i in reversed(fine)
        )
        self.decoders = nn.ModuleList(
            stack(level, count) for level, count in zip(reversed(fine), decoder_blocks, strict=True)
        )
        self.ending = nn.Conv2d(width, image_channels, 3, padding=1)
        self.context += 2 + 2**levels - 1  # intro and ending, and where in the coarsest pixel a place lies

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        self.check(degraded)
        height, width = degraded.shape[-2:]
        padded = pad_to_multiple(degraded, self.multiple_of, "constant")
        features = self.intro(padded)  # (N, width, H, W), sides rounded up
        skips = []
        for encoder, down in zip(self.encoders, self.downs, strict=True):
            features = encoder(features)
            skips.append(features)
            features = down(features)  # (N, 2C, half, half)
        features = self.middle(features)
        for up, decoder in zip(self.ups, self.decoders, strict=True):
            features = decoder(F.pixel_shuffle(up(features), 2) + skips.pop())  # (N, C/2, double, double)
        return (padded + self.ending(features))[..., :height, :width]


class NAFNet(_OneStageUNet):
    """A U-net of blocks whose only nonlinearity is the product of two halves of the channels.

    Each level down has half the sides and twice the channels. `forward` takes its channel means over the whole picture,
    as the authors do for SIDD; their results for GoPro and REDS are with means over windows of the training size.

    Args:
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels of the finest level; 32 and 64 are published.
        encoder_blocks: blocks a level on the way down, the finest first; SIDD's are the default, GoPro's and REDS's
            1, 1, 1, 28.
        middle_blocks: blocks below the last level; 12 for SIDD, 1 for GoPro and REDS.
        decoder_blocks: blocks a level on the way up, the coarsest first; 2 each for SIDD, 1 each for GoPro and REDS.
        attention: builds each block's attention from the channels of its level.

    Shape:
        input and output: (N, image_channels, H, W), [0, 1], any H and W from 1; the output is unclipped.

    Raises:
        ConfigError: a size is out of range, or the two sides have another number of levels.
        ShapeError: the input has another number of channels (on forward).
    """

    def __init__(
        self,
        image_channels: int = 3,
        width: int = 32,
        encoder_blocks: Sequence[int] = (2, 2, 4, 8),
        middle_blocks: int = 12,
        decoder_blocks: Sequence[int] = (2, 2, 2, 2),
        attention: Callable[[int], Attention] = nafnet_attention,
    ) -> None:
        sizes = image_channels, width, encoder_blocks, middle_blocks, decoder_blocks
        super().__init__(*sizes, attention, activation="gate", expand=2, feed_forward_expand=2)


class NAFBaseline(_OneStageUNet):
    """The authors' `Baseline`: the same U-net, with GELU in place of the gate, and channel attention.

    Args:
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels of the finest level; 32 and 64 are published.
        encoder_blocks: blocks a level on the way down, the finest first.
        middle_blocks: blocks below the last level.
        decoder_blocks: blocks a level on the way up, the coarsest first.
        attention: builds each block's attention from the channels of its level, `expand` times.
        expand: how many times wider than its level the first branch of a block is.
        feed_forward_expand: the same of the second branch.

    Shape:
        input and output: (N, image_channels, H, W), [0, 1], any H and W from 1; the output is unclipped.

    Raises:
        ConfigError: a size is out of range, or the two sides have another number of levels.
        ShapeError: the input has another number of channels (on forward).
    """

    def __init__(
        self,
        image_channels: int = 3,
        width: int = 32,
        encoder_blocks: Sequence[int] = (2, 2, 4, 8),
        middle_blocks: int = 12,
        decoder_blocks: Sequence[int] = (2, 2, 2, 2),
        attention: Callable[[int], Attention] = naf_baseline_attention,
        expand: int = 1,
        feed_forward_expand: int = 2,
    ) -> None:
        sizes = image_channels, width, encoder_blocks, middle_blocks, decoder_blocks
        super().__init__(*sizes, attention, "gelu", expand, feed_forward_expand)
