"""RDN: residual dense blocks whose results are all fused, for super-resolution and denoising.

Papers: Zhang et al., "Residual Dense Network for Image Super-Resolution", CVPR 2018, section 3 and figure 2,
https://arxiv.org/abs/1802.08797; the same, "Residual Dense Network for Image Restoration", TPAMI 2021,
https://arxiv.org/abs/1812.10477 (without an upsampler, for denoising)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

import torch
from torch import Tensor, nn

from restore.attention import Attention, no_attention
from restore.blocks import ResidualDenseBlock
from restore.errors import ConfigError
from restore.layers import Upsample
from restore.networks.shifted import ShiftedNetwork


class RDN(ShiftedNetwork):
    """Shallow features, residual dense blocks, global fusion with a long skip, the upsampler; none at scale 1.

    The defaults are configuration B of EDSR-PyTorch's port (16 blocks of 8 layers, growth 64); configuration A is
    blocks=20, layers=6, growth=32. The authors' Torch code subtracts the mean colour, as the default here does; the
    port does not (mean=[]). As in the port the upsampler is `growth` channels wide, which differs from `width` in A.

    Args:
        scale: 1, 2, 3, 4 or 8; the paper has 2, 3 and 4.
        image_channels: 1 (gray) or 3 (RGB).
        width: channels between the blocks (G0).
        growth: channels that each layer of a block adds (G).
        blocks: residual dense blocks (D), from 1.
        layers: convolutions of a block before its fusion (C), from 1.
        pixel_range: what the weights call white: 255 in the authors' code. Pictures are [0, 1] outside.
        mean: colour, in [0, 1], that is subtracted first and added at the end. None is DIV2K's for RGB and no
            shift for gray; an empty sequence is no shift. It is not part of the saved weights.
        attention: builds each block's attention from `width`; the paper has none.

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
        growth: int = 64,
        blocks: int = 16,
        layers: int = 8,
        pixel_range: float = 255.0,
        mean: Sequence[float] | None = None,
        attention: Callable[[int], Attention] = no_attention,
    ) -> None:
        if min(image_channels, width, growth, blocks, layers) < 1:
            raise ConfigError(
                f"RDN got image_channels={image_channels}, width={width}, growth={growth}, blocks={blocks}, "
                f"layers={layers}. Give positive numbers."
            )
        stack = [ResidualDenseBlock(width, growth, layers, attention) for _ in range(blocks)]
        upsample = Upsample(width, scale, growth)
        context = 3 + sum(block.context for block in stack) + ceil(upsample.context + 1 / scale)
        super().__init__(scale, image_channels, 1, context, pixel_range, mean, saved=False)
        self.head = nn.Conv2d(image_channels, width, 3, padding=1)
        self.shallow = nn.Conv2d(width, width, 3, padding=1)
        self.blocks = nn.ModuleList(stack)
        self.fuse = nn.Conv2d(blocks * width, width, 1)
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.upsample = upsample
        self.tail = nn.Conv2d(upsample.width, image_channels, 3, padding=1)

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, scale * h, scale * w)."""
        self.check(degraded)
        first = self.head(self.subtract_mean(degraded))  # (N, width, h, w)
        local = self.shallow(first)
        found = []
        for block in self.blocks:
            local = block(local)
            found.append(local)
        fused = self.conv(self.fuse(torch.cat(found, 1)))
        restored = self.tail(self.upsample(first + fused))  # (N, C, scale * h, scale * w)
        return self.add_mean(restored)
