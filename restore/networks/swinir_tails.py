"""How SwinIR ends: three ways from features to a picture.

Paper: Liang et al., "SwinIR: Image Restoration Using Swin Transformer", ICCV Workshops 2021, section 3.1 (image
reconstruction) and 4.3 to 4.5, https://arxiv.org/abs/2108.10257; the layers are those of the authors' code.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from restore.errors import ConfigError
from restore.layers import Upsample


class DirectTail(nn.Module):
    """One convolution and one pixel shuffle; at scale 1 the convolution alone.

    Args:
        channels: C of the features.
        image_channels: of the picture.
        scale: how many times larger the picture is, from 1.

    Attributes:
        context: pixels of the small side around a place that its result depends on.

    Shape:
        input (N, C, h, w); output (N, image_channels, scale * h, scale * w).
    """

    def __init__(self, channels: int, image_channels: int, scale: int) -> None:
        super().__init__()
        if scale < 1:
            raise ConfigError(f"SwinIR got scale={scale}. Give a number from 1 on.")
        self.conv = nn.Conv2d(channels, scale**2 * image_channels, 3, padding=1)
        self.scale = scale
        self.context = 1.0

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, image_channels, scale * h, scale * w)."""
        return F.pixel_shuffle(self.conv(features), self.scale)


class ShuffleTail(nn.Module):
    """A convolution to `width`, EDSR's upsampler, a convolution.

    Args:
        channels: C of the features.
        image_channels: of the picture.
        scale: 2, 3, 4 or 8.
        width: hidden channels.

    Attributes:
        context: pixels of the small side around a place that its result depends on.

    Shape:
        input (N, C, h, w); output (N, image_channels, scale * h, scale * w).
    """

    def __init__(self, channels: int, image_channels: int, scale: int, width: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(channels, width, 3, padding=1)
        self.upsample = Upsample(width, scale)
        self.last = nn.Conv2d(width, image_channels, 3, padding=1)
        self.context = 1 + self.upsample.context + 1 / scale

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, image_channels, scale * h, scale * w)."""
        narrow = F.leaky_relu(self.narrow(features), 0.01)  # (N, width, h, w)
        return self.last(self.upsample(narrow))  # (N, image_channels, scale * h, scale * w)


class NearestTail(nn.Module):
    """A convolution to `width`, each pixel doubled and a convolution (twice for x4), two convolutions.

    Args:
        channels: C of the features.
        image_channels: of the picture.
        scale: 2 or 4.
        width: hidden channels.

    Attributes:
        context: pixels of the small side around a place that its result depends on.

    Shape:
        input (N, C, h, w); output (N, image_channels, scale * h, scale * w).

    Raises:
        ConfigError: another scale.
    """

    def __init__(self, channels: int, image_channels: int, scale: int, width: int) -> None:
        super().__init__()
        if scale not in (2, 4):
            raise ConfigError(f'SwinIR got scale={scale} for upsampler="nearest". Choose 2 or 4.')
        doublings = scale // 2  # 1 for x2, 2 for x4
        self.narrow = nn.Conv2d(channels, width, 3, padding=1)
        self.doubled = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(doublings))
        self.refine = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, image_channels, 3, padding=1)
        self.context = 1 + sum(0.5**step for step in range(1, doublings + 1)) + 2 / scale

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, image_channels, scale * h, scale * w)."""
        large = F.leaky_relu(self.narrow(features), 0.01)  # (N, width, h, w)
        for conv in self.doubled:
            large = F.interpolate(large, scale_factor=2, mode="nearest")  # (N, width, 2 h, 2 w)
            large = F.leaky_relu(conv(large), 0.2)
        return self.last(F.leaky_relu(self.refine(large), 0.2))  # (N, image_channels, scale * h, scale * w)
