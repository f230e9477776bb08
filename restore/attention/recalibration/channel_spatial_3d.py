"""CSAM, the channel-spatial attention module of HAN.

Paper: Niu et al., "Single Image Super-Resolution via a Holistic Attention Network", ECCV 2020, section 3.3,
https://arxiv.org/abs/2008.08767
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor, nn

from restore.attention.base import Recalibration


class ChannelSpatialAttention3d(Recalibration):
    """Adds a gated copy: the gate comes from a convolution over channel, row and column at once.

    `strength` starts at nought, so a fresh module returns its input.

    Formula:
        y = x + strength * sigmoid(conv3d(x)) * x

    Args:
        channels: C of the feature map.

    Shape:
        input and output: (N, C, H, W); the gate is (N, C, H, W), between 0 and 1.

    Raises:
        ShapeError: the input has another C (on forward).
    """

    context = 1
    starts_as_identity = True

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.conv = _Conv3d(1, 1, 3, padding=1)
        self.strength = nn.Parameter(torch.zeros(1))

    def gate(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        volume = x.unsqueeze(1)  # (N, 1, C, H, W)
        return self.conv(volume).sigmoid().squeeze(1)  # (N, C, H, W)

    def combine(self, x: Tensor, gate: Tensor) -> Tensor:
        """The map and `strength` times the gated map."""
        return x + self.strength * gate * x


class _Conv3d(nn.Conv3d):
    """A convolution of one filter that a network can take along to channels_last, which torch refuses at five axes."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        def at_four_axes(tensor: Tensor) -> Tensor:
            if tensor.dim() != 5:
                return fn(tensor)
            return fn(tensor.flatten(0, 1)).unflatten(0, tensor.shape[:2])  # (1, 1, 3, 3, 3) as (1, 3, 3, 3) and back

        return super()._apply(at_four_axes, recurse)
