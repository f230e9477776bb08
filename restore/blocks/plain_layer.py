"""A plain convolutional layer with a slot for attention: what DnCNN is a stack of.

Paper: Zhang et al., "Beyond a Gaussian Denoiser: Residual Learning of Deep CNN for Image Denoising",
TIP 2017, section III.B, https://arxiv.org/abs/1608.03981
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from restore.attention import Attention


class PlainLayer(nn.Module):
    """Convolution, batch normalisation where asked, ReLU, attention.

    Args:
        channels: C of the feature map.
        normalization: whether to normalise after the convolution (eps 1e-4, momentum 0.9, as in the authors' code).
        attention: builds the layer's attention from C.
        dilation: of the convolution; 1 in DnCNN, up to 4 in IRCNN.

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).
    """

    def __init__(
        self, channels: int, normalization: bool, attention: Callable[[int], Attention], dilation: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.norm = nn.BatchNorm2d(channels, eps=1e-4, momentum=0.9) if normalization else nn.Identity()
        self.activation = nn.ReLU()
        self.attention = attention(channels)
        self.context = dilation + self.attention.context

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return self.attention(self.activation(self.norm(self.conv(x))))
