"""Layer normalization of feature maps: each pixel by itself, over its channels.

Papers: Ba et al., "Layer Normalization", 2016, https://arxiv.org/abs/1607.06450; Chen et al., "Simple Baselines for
Image Restoration", ECCV 2022, section 3.2, https://arxiv.org/abs/2204.04676 (eps 1e-6); Zamir et al., "Restormer:
Efficient Transformer for High-Resolution Image Restoration", CVPR 2022, https://arxiv.org/abs/2111.09881 (eps 1e-5,
and the form without a bias, for denoising, in the authors' code).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.errors import ConfigError


class LayerNorm2d(nn.Module):
    """Brings the channels of each pixel to mean 0 and variance 1, then scales and shifts each channel.

    Formula:
        y = (x - mean) / sqrt(var + eps) * weight + bias; mean and var over the channels of a pixel

    Args:
        channels: C of the feature map.
        eps: added to the variance.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: `channels` is below 1, or `eps` is not positive.
    """

    def __init__(self, channels: int, eps: float = 1e-6) -> None:
        super().__init__()
        _check(self, channels, eps)
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        last = x.movedim(1, -1)  # (N, H, W, C)
        return F.layer_norm(last, self.weight.shape, self.weight, self.bias, self.eps).movedim(-1, 1)  # (N, C, H, W)


class BiasFreeNorm2d(nn.Module):
    """Divides the channels of each pixel by their standard deviation: their mean stays, nothing is added.

    Formula:
        y = x / sqrt(var + eps) * weight; var over the channels of a pixel, around their mean

    Args:
        channels: C of the feature map.
        eps: added to the variance.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: `channels` is below 1, or `eps` is not positive.
    """

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        _check(self, channels, eps)
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        exact = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        variance = exact.var(dim=1, correction=0, keepdim=True)  # (N, 1, H, W)
        return (exact * (variance + self.eps).rsqrt() * self.weight[:, None, None]).to(x.dtype)  # (N, C, H, W)


def _check(module: nn.Module, channels: int, eps: float) -> None:
    if channels < 1 or eps <= 0:
        raise ConfigError(
            f"{type(module).__name__} got channels={channels}, eps={eps}. Give the C of the layer before it "
            "and a small positive eps."
        )
