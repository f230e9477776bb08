"""CBAM: a channel gate over several poolings, then a spatial gate.

Paper: Woo et al., "CBAM: Convolutional Block Attention Module", ECCV 2018, section 3,
https://arxiv.org/abs/1807.06521
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention.base import Recalibration
from restore.attention.recalibration.spatial import SpatialAttention
from restore.errors import ConfigError

Pooling = Literal["mean", "max", "norm", "log_sum_exp"]
"""How a channel becomes one number; the last two are in the authors' code only."""

_POOLINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda x: x.mean((2, 3)),
    "max": lambda x: x.amax((2, 3)),
    "norm": lambda x: torch.linalg.vector_norm(x, dim=(2, 3)),
    "log_sum_exp": lambda x: x.logsumexp((2, 3)),
}


class PooledChannelAttention(Recalibration):
    """CBAM's channel gate: several poolings go through one bottleneck, and the results are added.

    Formula:
        y = x * sigmoid(sum over poolings of excite(relu(squeeze(pool(x)))))

    Args:
        channels: C of the feature map.
        reduction: how many times the bottleneck is narrower than C, from 1 to C.
        poolings: which of "mean", "max", "norm" (Euclidean, over the whole map) and "log_sum_exp"; the paper has the
            first two.

    Shape:
        input and output: (N, C, H, W); the gate is (N, C, 1, 1), between 0 and 1.

    Raises:
        ConfigError: `reduction` is below 1 or above `channels`; `poolings` is empty or holds another word.
        ShapeError: the input has another C (on forward).
    """

    sees_whole_map = True

    def __init__(self, channels: int, reduction: int = 16, poolings: Sequence[Pooling] = ("mean", "max")) -> None:
        super().__init__(channels)
        if not 1 <= reduction <= channels:
            raise ConfigError(
                f"{type(self).__name__}({channels}) got reduction={reduction}. Choose it between 1 and {channels}."
            )
        if not poolings or isinstance(poolings, str) or not set(poolings) <= _POOLINGS.keys():
            raise ConfigError(
                f"{type(self).__name__} got poolings={poolings!r}. Give a list of {', '.join(_POOLINGS)}."
            )
        self.poolings = tuple(poolings)
        self.squeeze = nn.Linear(channels, channels // reduction)
        self.excite = nn.Linear(channels // reduction, channels)

    def gate(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, 1, 1)."""
        pooled = torch.stack([_POOLINGS[name](x) for name in self.poolings])  # (poolings, N, C)
        score = self.excite(F.relu(self.squeeze(pooled))).sum(0)  # (N, C)
        return score.sigmoid()[:, :, None, None]  # (N, C, 1, 1)


class CBAM(Recalibration):
    """The channel gate, then the spatial gate of the map that the first one scaled.

    Formula:
        z = x * channel_gate(x)
        y = z * spatial_gate(z)

    Args:
        channels: C of the feature map.
        reduction: how many times the bottleneck of the channel gate is narrower than C, from 1 to C.
        poolings: what the channel gate looks at, see PooledChannelAttention.
        spatial: whether there is a spatial gate.
        kernel_size: odd width of the convolution in the spatial gate.
        normalized: batch normalisation in the spatial gate, as in the authors' code, see SpatialAttention. It
            cannot train on one picture of 1x1 pixel.

    Shape:
        input and output: (N, C, H, W); the gate is the product of both, (N, C, H, W), or (N, C, 1, 1) without the
        spatial one.

    Raises:
        ConfigError: `reduction`, `poolings` or `kernel_size` is one that the two gates refuse.
        ShapeError: the input has another C (on forward).
    """

    sees_whole_map = True

    def __init__(
        self,
        channels: int,
        reduction: int = 16,
        poolings: Sequence[Pooling] = ("mean", "max"),
        spatial: bool = True,
        kernel_size: int = 7,
        normalized: bool = False,
    ) -> None:
        super().__init__(channels)
        self.channel = PooledChannelAttention(channels, reduction, poolings)
        place = SpatialAttention(channels, kernel_size, normalized)
        self.spatial = place if spatial else None
        self.context = place.context if spatial else 0

    def gate(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the product of both gates, the spatial one of the scaled map."""
        channel = self.channel.gate(x)  # (N, C, 1, 1)
        if self.spatial is None:
            return channel
        return channel * self.spatial.gate(x * channel)  # (N, C, H, W)
