"""SCA-CNN: a softmax over channels and a softmax over places, one after the other.

Paper: Chen et al., "SCA-CNN: Spatial and Channel-wise Attention in Convolutional Networks for Image Captioning",
CVPR 2017, section 3, https://arxiv.org/abs/1611.05594
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from restore.attention.base import Recalibration
from restore.errors import ConfigError


class SpatialChannelAttention(Recalibration):
    """Weighs channels, then places of what the channel weights left; or places first.

    Without the state of the captioning LSTM, which the paper adds inside both tanh. Weights of a softmax sum to one,
    so the paper's output is smaller than its input by about C times HW; `rescale` undoes that, as the authors' code
    does, and then equal weights leave the input alone.

    Formula:
        channel = softmax over C of (tanh(mean(x) a + b) c + d)
        spatial = softmax over HW of (tanh(a' (x * channel) + b') c' + d')
        y = x * channel * spatial

    Args:
        channels: C of the feature map.
        width: hidden numbers of each score, K in the paper; 512 in the authors' code, for maps of 512 and more
            channels. The spatial score holds `width` numbers a pixel.
        order: "channel-spatial" as in the formula, which the paper finds better, or "spatial-channel".
        rescale: whether the weights are multiplied by C and by HW.

    Shape:
        input and output: (N, C, H, W); the gate is (N, C, H, W).

    Raises:
        ConfigError: `width` is below 1, or `order` another word.
        ShapeError: the input has another C (on forward).
    """

    sees_whole_map = True

    def __init__(
        self,
        channels: int,
        width: int = 64,
        order: Literal["channel-spatial", "spatial-channel"] = "channel-spatial",
        rescale: bool = False,
    ) -> None:
        super().__init__(channels)
        if width < 1:
            raise ConfigError(f"{type(self).__name__} got width={width}. Choose it from 1 up; the authors took 512.")
        if order not in ("channel-spatial", "spatial-channel"):
            raise ConfigError(
                f'{type(self).__name__} got order={order!r}. Choose "channel-spatial" or "spatial-channel".'
            )
        self.order = order
        self.rescale = rescale
        self.channel = _Score(1, width)
        self.spatial = _Score(channels, width)

    def weights(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The weights of the channels (N, C, 1, 1) and of the places (N, 1, H, W); each sums to one."""
        if self.order == "channel-spatial":
            channel = self._channel_weights(x)
            return channel, self._spatial_weights(x * self._rescaled(channel))
        spatial = self._spatial_weights(x)
        return self._channel_weights(x * self._rescaled(spatial)), spatial

    def gate(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        channel, spatial = self.weights(x)
        return self._rescaled(channel) * self._rescaled(spatial)  # (N, C, H, W)

    def _channel_weights(self, x: Tensor) -> Tensor:
        means = x.mean((2, 3)).unsqueeze(2)  # (N, C, 1)
        return self.channel(means).softmax(1).unsqueeze(3)  # (N, C, 1, 1)

    def _spatial_weights(self, x: Tensor) -> Tensor:
        places = x.flatten(2).transpose(1, 2)  # (N, HW, C)
        return self.spatial(places).softmax(1).reshape(x.shape[0], 1, *x.shape[2:])  # (N, 1, H, W)

    def _rescaled(self, weights: Tensor) -> Tensor:
        return weights * (weights.shape[1] * weights.shape[2] * weights.shape[3]) if self.rescale else weights


class _Score(nn.Module):
    """One number for each row of features, (N, L, features) -> (N, L, 1)."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.project_weight = nn.Parameter(_uniform(features, width))
        self.project_bias = nn.Parameter(torch.zeros(width))
        self.score_weight = nn.Parameter(_uniform(width, 1))
        self.score_bias = nn.Parameter(torch.zeros(1))

    def forward(self, rows: Tensor) -> Tensor:
        hidden = torch.tanh(rows @ self.project_weight + self.project_bias)  # (N, L, width)
        return hidden @ self.score_weight + self.score_bias  # (N, L, 1)


def _uniform(inputs: int, outputs: int) -> Tensor:
    """As nn.Linear starts."""
    return (2 * torch.rand(inputs, outputs) - 1) / inputs**0.5
