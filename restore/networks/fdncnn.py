"""FDnCNN: DnCNN that is told the noise level by a map beside the picture, and predicts the picture itself.

From the authors of DnCNN (cszn/DnCNN and cszn/KAIR), where it stands beside FFDNet, whose noise map it takes: Zhang
et al., "FFDNet: Toward a Fast and Flexible Solution for CNN-Based Image Denoising", TIP 2018, section III.B,
https://arxiv.org/abs/1710.04026; the stack is that of https://arxiv.org/abs/1608.03981
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention import Attention, no_attention
from restore.blocks import PlainLayer
from restore.errors import ConfigError, ShapeError
from restore.networks.base import RestorationNetwork


class FDnCNN(RestorationNetwork):
    """Restores the picture from itself and the noise level of every pixel; not residual, unlike DnCNN.

    Args:
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels.
        depth: convolutions, from 2.
        normalization: batch normalisation after all but the first and the last convolution; none in the released
            weights.
        attention: builds the attention after each of the `depth - 2` layers in the middle from `width`.

    Shape:
        input and output: (N, image_channels, H, W), [0, 1], any H and W from 1; sigma (1,), (N,) or, a level a pixel,
        (N, 1, H, W), in the picture's range [0, 1], that is grey levels / 255.

    Raises:
        ConfigError: a size is out of range.
        ShapeError: the input has another number of channels, or sigma is of no such shape (on forward).
    """

    takes_sigma = True

    def __init__(
        self,
        image_channels: int = 3,
        width: int = 64,
        depth: int = 20,
        normalization: bool = False,
        attention: Callable[[int], Attention] = no_attention,
    ) -> None:
        if min(image_channels, width) < 1 or depth < 2:
            raise ConfigError(
                f"FDnCNN got image_channels={image_channels}, width={width}, depth={depth}. "
                "Give at least 1 channel, a width of 1 and a depth of 2."
            )
        layers = [PlainLayer(width, normalization, attention) for _ in range(depth - 2)]
        context = 2 + sum(layer.context for layer in layers)
        super().__init__(scale=1, image_channels=image_channels, multiple_of=1, context=context)
        self.head = nn.Conv2d(image_channels + 1, width, 3, padding=1)
        self.layers = nn.Sequential(*layers)
        self.tail = nn.Conv2d(width, image_channels, 3, padding=1)

    def forward(self, degraded: Tensor, sigma: Tensor) -> Tensor:  # type: ignore[override]
        """(N, C, H, W) and the noise level -> (N, C, H, W)."""
        self.check(degraded)
        number, _, height, width = degraded.shape
        if sigma.shape not in ((1,), (number,), (number, 1, height, width)):
            raise ShapeError(
                f"FDnCNN expects sigma (1,), ({number},) or ({number}, 1, {height}, {width}), "
                f"got {tuple(sigma.shape)}. Give one level, one a picture, or one a pixel."
            )
        level = sigma.to(degraded).reshape(-1, 1, 1, 1) if sigma.dim() == 1 else sigma.to(degraded)
        informed = torch.cat([degraded, level.expand(number, 1, height, width)], 1)  # (N, C + 1, H, W)
        return self.tail(self.layers(F.relu(self.head(informed))))  # (N, C, H, W)
