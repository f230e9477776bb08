"""MWCNN: a U-net whose pooling is the Haar wavelet transform, which loses nothing.

Papers: Liu et al., "Multi-level Wavelet-CNN for Image Restoration", CVPRW 2018, section 3.2 and figure 3,
https://arxiv.org/abs/1805.07071; Liu et al., "Multi-level Wavelet Convolutional Neural Networks", IEEE Access 2019,
https://arxiv.org/abs/1907.03128, whose published code this is equal to: dilated layers, and no batch normalisation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from restore.attention import Attention, no_attention
from restore.blocks import PlainLayer
from restore.errors import ConfigError
from restore.layers import pad_to_multiple
from restore.networks.wavelet import WaveletNetwork, wavelet_context


class MWCNN(WaveletNetwork):
    """Three wavelet levels down and up with sums across; the picture is added at the end.

    Formula, with W = width and conv(a, b) a 3x3 convolution and ReLU from a to b channels:
        picture      - conv(C, W),     dilated 2, 1 -------- + -- dilated 2, 1, conv_3x3 - + picture
        1/2    haar  - conv(4W, 2W),   dilated 2, 1 --- + -- dilated 2, 1, conv(2W, 4W)  - unhaar
        1/4    haar  - conv(8W, 4W),   dilated 2, 1 - + - dilated 2, 1, conv(4W, 8W)     - unhaar
        1/8    haar  - conv(16W, 8W),  dilated 2, 3, 3, 2, conv(8W, 16W)                 - unhaar

    Args:
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels at full size; 2, 4 and 8 times as many below.
        attention: builds the attention after each of the 16 dilated layers from its channels; the paper has none.

    Shape:
        input and output: (N, image_channels, H, W), [0, 1], any H and W from 1; padded inside by reflection.

    Raises:
        ConfigError: a size is out of range.
        ShapeError: the input has another number of channels (on forward).
    """

    def __init__(
        self,
        image_channels: int = 1,
        width: int = 64,
        attention: Callable[[int], Attention] = no_attention,
    ) -> None:
        if min(image_channels, width) < 1:
            raise ConfigError(f"MWCNN got image_channels={image_channels}, width={width}. Give positive numbers.")
        super().__init__(image_channels, "mwcnn")
        full, half, quarter, eighth = (times * width for times in (1, 2, 4, 8))
        self.down0 = nn.Sequential(*_conv(image_channels, full), *_dilated(full, (2, 1), attention))
        self.down1 = nn.Sequential(*_conv(4 * full, half), *_dilated(half, (2, 1), attention))
        self.down2 = nn.Sequential(*_conv(4 * half, quarter), *_dilated(quarter, (2, 1), attention))
        self.middle = nn.Sequential(
            *_conv(4 * quarter, eighth), *_dilated(eighth, (2, 3, 3, 2), attention), *_conv(eighth, 4 * quarter)
        )
        self.up2 = nn.Sequential(*_dilated(quarter, (2, 1), attention), *_conv(quarter, 4 * half))
        self.up1 = nn.Sequential(*_dilated(half, (2, 1), attention), *_conv(half, 4 * full))
        self.up0 = nn.Sequential(*_dilated(full, (2, 1), attention), nn.Conv2d(full, image_channels, 3, padding=1))
        self.context = wavelet_context(
            ((self.down0, self.up0), (self.down1, self.up1), (self.down2, self.up2), (self.middle,))
        )

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        self.check(degraded)
        height, width = degraded.shape[-2:]
        picture = pad_to_multiple(degraded, self.multiple_of)
        full = self.down0(picture)  # (N, W, H, W)
        half = self.down1(self.split(full))  # (N, 2 W, H/2, W/2)
        quarter = self.down2(self.split(half))  # (N, 4 W, H/4, W/4)
        eighth = self.middle(self.split(quarter))  # (N, 16 W, H/8, W/8)
        quarter = quarter + self.join(eighth)
        half = half + self.join(self.up2(quarter))
        full = full + self.join(self.up1(half))
        restored = picture + self.up0(full)  # (N, C, H, W)
        return restored[..., :height, :width]


def _conv(before: int, after: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(before, after, 3, padding=1), nn.ReLU()


def _dilated(width: int, dilations: Sequence[int], attention: Callable[[int], Attention]) -> list[PlainLayer]:
    return [PlainLayer(width, False, attention, dilation) for dilation in dilations]
