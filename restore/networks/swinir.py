"""SwinIR: groups of Swin transformer blocks, for super-resolution, denoising and JPEG artifacts.

Paper: Liang et al., "SwinIR: Image Restoration Using Swin Transformer", ICCV Workshops 2021, section 3 and figure 2,
https://arxiv.org/abs/2108.10257
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import ceil
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from restore.attention import Attention, WindowAttention
from restore.blocks import ResidualSwinGroup, SwinConv
from restore.errors import ConfigError
from restore.layers import DIV2K_MEAN, LayerNorm2d, pad_to_multiple
from restore.networks.base import RestorationNetwork
from restore.networks.swinir_tails import DirectTail, NearestTail, ShuffleTail

Upsampler = Literal["shuffle", "direct", "nearest"]


class SwinIR(RestorationNetwork):
    """A convolution, groups of Swin blocks with a long skip, and an upsampler; at scale 1 the picture is added instead.

    The published forms, all with blocks of 6 and the range 1 but for the last:

    - classical: the defaults, with scale 2, 3, 4 or 8;
    - lightweight: upsampler="direct", width=60, blocks and heads of (6, 6, 6, 6);
    - photographs, M: upsampler="nearest"; L: also width=240, blocks of 9 times 6, heads of 9 times 8, bottleneck=True;
    - Gaussian noise: scale=1, gray or RGB;
    - JPEG: scale=1, window=7, pixel_range=255, gray or RGB.

    Pictures are padded inside to whole windows, below and on the right by reflection. Windows lie on the picture's
    grid, so a tile that begins on multiples of `window` has the same windows as the whole picture.

    Args:
        scale: 1, 2, 3, 4 or 8; 1, 2 or 4 where the upsampler is "nearest". 1 has no upsampler.
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels.
        blocks: Swin blocks of each group.
        heads: of each group's attention; each divides `width`.
        window: side of a window.
        expansion: how many times wider each block's hidden layer is than `width`.
        upsampler: "shuffle": a convolution and EDSR's upsampler at `up_width`; "direct": one convolution and one
            shuffle; "nearest": nearest-neighbour enlarging and convolutions, which leaves fewer artifacts.
        up_width: hidden channels of the upsampler, "direct" apart.
        bottleneck: whether groups and body end with three convolutions instead of one, see `SwinConv`.
        shifted: whether every second block is shifted. The authors' network is not where the size that it was built
            for is a single window.
        drop: how often a branch of the last block is left out in training, see `StochasticDepth`; less in earlier
            ones, linearly from 0. 0.1 is the authors' code's.
        pixel_range: what the weights call white. Pictures are [0, 1] outside.
        mean: colour, in [0, 1], that is subtracted first and added at the end. None is DIV2K's for RGB and no
            shift for gray; an empty sequence is no shift. It is not among the saved weights.
        attention: builds each block's attention from `width`; None is the paper's, which follows from `heads`,
            `window` and `shifted`.

    Shape:
        input (N, image_channels, h, w), [0, 1]; output (N, image_channels, scale * h, scale * w), unclipped.

    Raises:
        ConfigError: a number is out of range, or sequences do not fit each other.
        ShapeError: the input has another number of channels (on forward).
    """

    def __init__(
        self,
        scale: int = 4,
        image_channels: int = 3,
        width: int = 180,
        blocks: Sequence[int] = (6, 6, 6, 6, 6, 6),
        heads: Sequence[int] = (6, 6, 6, 6, 6, 6),
        window: int = 8,
        expansion: float = 2.0,
        upsampler: Upsampler = "shuffle",
        up_width: int = 64,
        bottleneck: bool = False,
        shifted: bool = True,
        drop: float = 0.1,
        pixel_range: float = 1.0,
        mean: Sequence[float] | None = None,
        attention: Callable[[int], Attention] | None = None,
    ) -> None:
        if len(blocks) != len(heads) or min(image_channels, width, window, up_width, len(blocks), *blocks, *heads) < 1:
            raise ConfigError(
                f"SwinIR got image_channels={image_channels}, width={width}, blocks={list(blocks)}, "
                f"heads={list(heads)}, window={window}, up_width={up_width}. "
                "Give positive numbers, and as many blocks as heads."
            )
        if not 0 <= drop < 1 or pixel_range <= 0:
            raise ConfigError(
                f"SwinIR got drop={drop}, pixel_range={pixel_range}. "
                "Give a drop from 0 to below 1, and for the range 255, 1, or what its weights call white."
            )
        if mean is None:
            mean = DIV2K_MEAN if image_channels == len(DIV2K_MEAN) else ()
        if mean and len(mean) != image_channels:
            raise ConfigError(
                f"SwinIR got a mean of {len(mean)} colours and image_channels={image_channels}. "
                "Give one value a channel, or [] for no shift."
            )
        rates = torch.linspace(0, drop, sum(blocks), dtype=torch.float64, device="cpu").split(list(blocks))
        stack = []
        for n, head, rate in zip(blocks, heads, rates, strict=True):
            windows = [
                partial(WindowAttention, window=window, heads=head, shifted=shifted and place % 2 == 1)
                for place in range(n)
            ]
            attentions = [attention] * n if attention else windows
            stack.append(ResidualSwinGroup(width, attentions, expansion, bottleneck, drops=rate.tolist()))
        conv = SwinConv(width, bottleneck)
        tail = _tail(scale, image_channels, width, upsampler, up_width)
        context = 1 + sum(group.context for group in stack) + conv.context + ceil(tail.context)
        super().__init__(scale, image_channels, window, context)
        self.pixel_range = float(pixel_range)
        self.mean: Tensor
        shift = torch.tensor(mean or [0.0] * image_channels, dtype=torch.float32)  # the authors' type
        self.register_buffer("mean", shift.to(torch.get_default_dtype())[:, None, None], persistent=False)  # (C, 1, 1)
        self.head = nn.Conv2d(image_channels, width, 3, padding=1)
        self.norm_before = LayerNorm2d(width, eps=1e-5)
        self.groups = nn.Sequential(*stack)
        self.norm_after = LayerNorm2d(width, eps=1e-5)
        self.conv = conv
        self.tail = tail

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, scale * h, scale * w)."""
        self.check(degraded)
        height, width = degraded.shape[2:]
        padded = pad_to_multiple(degraded, self.multiple_of)  # (N, C, padded h, padded w)
        picture = (padded - self.mean) * self.pixel_range
        shallow = self.head(picture)  # (N, width, padded h, padded w)
        deep = shallow + self.conv(self.norm_after(self.groups(self.norm_before(shallow))))
        restored = self.tail(deep)  # (N, C, scale * padded h, scale * padded w)
        if self.scale == 1:
            restored = picture + restored
        restored = restored / self.pixel_range + self.mean
        return restored[:, :, : self.scale * height, : self.scale * width]


def _tail(
    scale: int, image_channels: int, width: int, upsampler: Upsampler, up_width: int
) -> DirectTail | ShuffleTail | NearestTail:
    if upsampler not in get_args(Upsampler):
        raise ConfigError(f"SwinIR got upsampler={upsampler!r}. Choose one of {', '.join(get_args(Upsampler))}.")
    if scale == 1 or upsampler == "direct":
        return DirectTail(width, image_channels, scale)
    return (ShuffleTail if upsampler == "shuffle" else NearestTail)(width, image_channels, scale, up_width)
