"""Wavelet block: residual blocks with a slot for attention, on the Haar bands of the feature map.

Papers: Liu et al., "Multi-level Wavelet-CNN for Image Restoration", CVPRW 2018, section 3.1,
https://arxiv.org/abs/1805.07071 (transforms in place of pooling: nothing is lost); Abdelhamed et al., "NTIRE 2020
Challenge on Real Image Denoising", CVPRW 2020, https://arxiv.org/abs/2005.04117 (MWRCANet: residual channel attention
between them). One level of it as a block is ours.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from restore.attention import Attention
from restore.blocks.residual_block import ACTIVATIONS, Activation, Placement, ResidualBlock
from restore.errors import ConfigError
from restore.layers import haar_filters, haar_transform, inverse_haar_transform, pad_to_multiple


class WaveletBlock(nn.Module):
    """Haar transform, convolution, activation, residual blocks, convolution, inverse transform, plus the input.

    Formula:
        y = x + unhaar(expand(blocks(activation(reduce(haar(x))))))

    Args:
        channels: C of the feature map.
        attention: builds each residual block's attention from `width`; called once a block.
        blocks: how many residual blocks, from 1.
        width: hidden channels at half size; None is 2 C, half of what the transform gives, as between MWCNN's levels.
        placement: where the attention acts in each residual block, see `ResidualBlock`.
        activation: "prelu" as in MWRCANet, "relu" or "silu".

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W); odd sides are padded inside by reflection and cropped back.

    Raises:
        ConfigError: `blocks` or `width` is below 1, or there is no such placement or activation.
    """

    filters: Tensor

    def __init__(
        self,
        channels: int,
        attention: Callable[[int], Attention],
        blocks: int = 1,
        width: int | None = None,
        placement: Placement = "standard",
        activation: Activation = "prelu",
    ) -> None:
        super().__init__()
        width = 2 * channels if width is None else width
        if min(blocks, width) < 1:
            raise ConfigError(f"WaveletBlock got blocks={blocks}, width={width}. Give at least 1 of each.")
        stack = [ResidualBlock(width, attention, placement=placement, activation=activation) for _ in range(blocks)]
        self.register_buffer("filters", haar_filters(), persistent=False)
        self.reduce = nn.Conv2d(4 * channels, width, 3, padding=1)
        self.activation = ACTIVATIONS[activation]()
        self.blocks = nn.Sequential(*stack)
        self.expand = nn.Conv2d(width, 4 * channels, 3, padding=1)
        cells = 2 + sum(block.context for block in stack)
        self.context = 2 * cells + 1  # a cell is two pixels wide, and the place is one of them

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        height, width = x.shape[-2:]
        bands = haar_transform(pad_to_multiple(x, 2), self.filters)  # (N, 4 C, H/2, W/2)
        features = self.blocks(self.activation(self.reduce(bands)))  # (N, width, H/2, W/2)
        change = inverse_haar_transform(self.expand(features), self.filters)  # (N, C, H, W), even
        return x + change[..., :height, :width]
