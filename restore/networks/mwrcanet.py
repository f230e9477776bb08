"""MWRCANet: residual groups with channel attention between wavelet transforms, for denoising raw mosaics and pictures.

Paper: Abdelhamed et al., "NTIRE 2020 Challenge on Real Image Denoising: Dataset, Methods and Results", CVPRW 2020,
winner of the raw track (HITVPC & HUAWEI: Cao et al.), https://arxiv.org/abs/2005.04117; equal to the authors' code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from restore.attention import Attention, ChannelAttention
from restore.blocks import ResidualGroup
from restore.errors import ConfigError
from restore.layers import pad_to_multiple
from restore.networks.wavelet import WaveletNetwork, wavelet_context


def mwrcanet_attention(channels: int) -> Attention:
    """Channel attention with a bottleneck of C/16."""
    return ChannelAttention(channels, reduction=16)


class MWRCANet(WaveletNetwork):
    """Three wavelet levels down and up with sums across; what is learnt is added to the picture's own bands.

    Formula, with V1, V2, V3 = widths, conv a 3x3 convolution, and PReLU after each conv but the last:
        picture - haar --------------------------------------------------------------- + - unhaar - restored
        1/2     - conv(4C, V1), group ---------------------------- + - group, conv(V1, 4C)
        1/4     - haar, conv(4 V1, V2), group -------- + - group, conv(V2, 4 V1), unhaar
        1/8     - haar, conv(4 V2, V3), group, conv(V3, 4 V2), unhaar

    `attention=NoAttention` is the authors' mwresnet, the other teacher of their distillation.

    Args:
        image_channels: 1 (a raw mosaic as one plane, or gray) or 3 (RGB).
        widths: hidden channels at a half, a quarter and an eighth of the picture's sides.
        blocks: residual blocks of each of the five groups, from 1.
        attention: builds each residual block's attention from its channels.

    Shape:
        input and output: (N, image_channels, H, W), [0, 1], any H and W from 1; padded inside by reflection
        about the last pixel, so that the colours of a mosaic stay in their places.

    Raises:
        ConfigError: a size is out of range, or there are not three widths.
        ShapeError: the input has another number of channels (on forward).
    """

    def __init__(
        self,
        image_channels: int = 1,
        widths: Sequence[int] = (96, 128, 128),
        blocks: int = 20,
        attention: Callable[[int], Attention] = mwrcanet_attention,
    ) -> None:
        if len(widths) != 3 or min(image_channels, blocks, *widths) < 1:
            raise ConfigError(
                f"MWRCANet got image_channels={image_channels}, widths={list(widths)}, blocks={blocks}. "
                "Give three widths, one a wavelet level, and positive numbers."
            )
        super().__init__(image_channels, "mwrcan")
        half, quarter, eighth = widths

        def group(width: int) -> ResidualGroup:
            return ResidualGroup(width, blocks, attention, activation="prelu")

        self.down1 = nn.Sequential(_conv(4 * image_channels, half), nn.PReLU(), group(half))
        self.down2 = nn.Sequential(_conv(4 * half, quarter), nn.PReLU(), group(quarter))
        self.down3 = nn.Sequential(_conv(4 * quarter, eighth), nn.PReLU(), group(eighth))
        self.up3 = nn.Sequential(_conv(eighth, 4 * quarter), nn.PReLU())
        self.up2 = nn.Sequential(group(quarter), _conv(quarter, 4 * half), nn.PReLU())
        self.up1 = nn.Sequential(group(half), _conv(half, 4 * image_channels))
        self.context = wavelet_context(((), (self.down1, self.up1), (self.down2, self.up2), (self.down3, self.up3)))

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        self.check(degraded)
        height, width = degraded.shape[-2:]
        bands = self.split(pad_to_multiple(degraded, self.multiple_of))  # (N, 4 C, H/2, W/2)
        half = self.down1(bands)  # (N, V1, H/2, W/2)
        quarter = self.down2(self.split(half))  # (N, V2, H/4, W/4)
        eighth = self.down3(self.split(quarter))  # (N, V3, H/8, W/8)
        quarter = quarter + self.join(self.up3(eighth))
        half = half + self.join(self.up2(quarter))
        restored = self.join(bands + self.up1(half))  # (N, C, H, W)
        return restored[..., :height, :width]


def _conv(before: int, after: int) -> nn.Conv2d:
    return nn.Conv2d(before, after, 3, padding=1)
