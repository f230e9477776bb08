"""IRCNN: seven dilated convolutions that predict the noise, made as a denoiser prior.

Paper: Zhang et al., "Learning Deep CNN Denoiser Prior for Image Restoration", CVPR 2017, section 4.1 and figure 1,
https://arxiv.org/abs/1704.03264. As in the authors' later code (KAIR) every convolution has a bias; in the released
weights, one set a noise level, the normalisation is merged into the convolutions.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention import Attention, no_attention
from restore.blocks import PlainLayer
from restore.errors import ConfigError
from restore.networks.base import RestorationNetwork


class IRCNN(RestorationNetwork):
    """Subtracts the noise that 3x3 convolutions of dilation 1, 2, 3, 4, 3, 2, 1 predict.

    Args:
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels.
        normalization: batch normalisation after all but the first and the last convolution: True is the paper's
            network in training, False the form of the released weights.
        attention: builds the attention after each of the five layers in the middle from `width`; the paper has none.

    Shape:
        input and output: (N, image_channels, H, W), [0, 1], any H and W from 1.

    Raises:
        ConfigError: a size is out of range.
        ShapeError: the input has another number of channels (on forward).
    """

    def __init__(
        self,
        image_channels: int = 3,
        width: int = 64,
        normalization: bool = False,
        attention: Callable[[int], Attention] = no_attention,
    ) -> None:
        if min(image_channels, width) < 1:
            raise ConfigError(f"IRCNN got image_channels={image_channels}, width={width}. Give positive numbers.")
        layers = [PlainLayer(width, normalization, attention, dilation) for dilation in (2, 3, 4, 3, 2)]
        context = 2 + sum(layer.context for layer in layers)
        super().__init__(scale=1, image_channels=image_channels, multiple_of=1, context=context)
        self.head = nn.Conv2d(image_channels, width, 3, padding=1)
        self.layers = nn.Sequential(*layers)
        self.tail = nn.Conv2d(width, image_channels, 3, padding=1)

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        self.check(degraded)
        features = self.layers(F.relu(self.head(degraded)))  # (N, width, H, W)
        return degraded - self.tail(features)  # (N, C, H, W)
