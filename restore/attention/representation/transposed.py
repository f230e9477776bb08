"""Transposed attention of Restormer: channels attend to channels.

Paper: Zamir et al., "Restormer: Efficient Transformer for High-Resolution Image Restoration", CVPR 2022, section 3.1,
https://arxiv.org/abs/2111.09881
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention.base import Representation
from restore.errors import ConfigError
from restore.layers import WholeMap


class TransposedAttention(Representation):
    """Multi-Dconv head transposed attention (MDTA): each channel is a mean of the channels that resemble it.

    Cost and memory grow with HW, not with its square.

    Formula:
        y = project(softmax(temperature * unit(query) unit(key)^T) value)
        query, key, value = depthwise3x3(conv1x1(x)); unit: of length 1 over the pixels

    Args:
        channels: C of the feature map.
        heads: into how many groups the channels are split; divides C.
        bias: whether the convolutions have one; the paper's have none.

    Shape:
        input and output: (N, C, H, W); the affinity is (N, heads, C/heads, C/heads).

    Raises:
        ConfigError: `heads` is below 1 or does not divide `channels`.
        ShapeError: the input has another C (on forward).
    """

    context = 1
    sees_whole_map = True

    def __init__(self, channels: int, heads: int = 4, bias: bool = False) -> None:
        super().__init__(channels)
        if heads < 1 or channels % heads:
            raise ConfigError(f"TransposedAttention({channels}) got heads={heads}. Choose a divisor of {channels}.")
        self.heads = heads
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.query_key_value = nn.Conv2d(channels, 3 * channels, 1, bias=bias)
        self.depthwise = nn.Conv2d(3 * channels, 3 * channels, 3, padding=1, groups=3 * channels, bias=bias)
        self.extent = WholeMap()
        self.project = nn.Conv2d(channels, channels, 1, bias=bias)

    def affinity(self, x: Tensor, at: tuple[int, int] | None = None) -> Tensor:
        """(N, C, H, W) -> (N, heads, C/heads, C/heads) of the whole map; `at` changes nothing."""
        return self._affinity(*self._split(self._together(x))[:2])

    def gather(self, x: Tensor, affinity: Tensor) -> Tensor:
        """(N, C, H, W) and (N, heads, C/heads, C/heads) -> (N, C, H, W)."""
        value = self._split(self._together(x))[2]
        return self.project((affinity @ value).reshape(x.shape))  # (N, C, H, W)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        self.check(x)
        return self.project(self.extent(self._together(x), self._attend))

    def _together(self, x: Tensor) -> Tensor:
        return self.depthwise(self.query_key_value(x))  # (N, 3C, H, W)

    def _attend(self, together: Tensor) -> Tensor:
        """(N, 3C, h, w) -> (N, C, h, w), of the whole map or a window."""
        query, key, value = self._split(together)
        return (self._affinity(query, key) @ value).flatten(1, 2).unflatten(2, together.shape[2:])  # (N, C, h, w)

    def _split(self, together: Tensor) -> tuple[Tensor, ...]:
        return tuple(
            part.flatten(2).unflatten(1, (self.heads, -1))  # (N, heads, C/heads, hw)
            for part in together.chunk(3, dim=1)
        )

    def _affinity(self, query: Tensor, key: Tensor) -> Tensor:
        energy = F.normalize(query, dim=3) @ F.normalize(key, dim=3).transpose(2, 3)  # (N, heads, C/heads, C/heads)
        return (energy * self.temperature).softmax(-1)
