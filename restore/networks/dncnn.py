"""DnCNN: a plain stack of convolutions that predicts the noise.

Paper: Zhang et al., "Beyond a Gaussian Denoiser: Residual Learning of Deep CNN for Image Denoising",
TIP 2017, https://arxiv.org/abs/1608.03981. As in the authors' later code (KAIR) every convolution has a bias;
in the released weights the normalisation is merged into the convolutions.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention import Attention, no_attention
from restore.blocks import PlainLayer
from restore.errors import ConfigError
from restore.networks.base import RestorationNetwork


class DnCNN(RestorationNetwork):
    """Subtracts the noise that a stack of 3x3 convolutions predicts.

    Args:
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels.
        depth: convolutions, from 2; the paper has 17 for one noise level and 20 for blind denoising.
        normalization: batch normalisation after all but the first and the last convolution: True is the paper's
            network in training ("BR"), False the form of the released weights ("R").
        attention: builds the attention after each of the `depth - 2` layers in the middle from `width`.

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
        depth: int = 17,
        normalization: bool = False,
        attention: Callable[[int], Attention] = no_attention,
    ) -> None:
        if min(image_channels, width) < 1 or depth < 2:
            raise ConfigError(
                f"DnCNN got image_channels={image_channels}, width={width}, depth={depth}. "
                "Give at least 1 channel, a width of 1 and a depth of 2."
            )
        layers = [PlainLayer(width, normalization, attention) for _ in range(depth - 2)]
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
