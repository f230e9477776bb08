"""The block of NAFNet, and of the baseline that it was simplified from.

Paper: Chen et al., "Simple Baselines for Image Restoration", ECCV 2022, sections 3.2 to 3.5 and figure 3,
https://arxiv.org/abs/2204.04676
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention import Attention
from restore.errors import ConfigError
from restore.layers import LayerNorm2d

NAFActivation = Literal["gate", "gelu"]


class NAFBlock(nn.Module):
    """Two branches, each added to the map: a depthwise convolution with attention, and a feed-forward network.

    Formula:
        z = x + scale1 * conv2(attention(act(depthwise3x3(conv1(norm1(x))))))
        y = z + scale2 * conv4(act(conv3(norm2(z))))
        conv are 1x1; act is the simple gate a * b of both halves of the channels, or GELU; scale starts at nought

    Args:
        channels: C of the feature map.
        attention: builds the block's attention from the channels that it meets: C * expand, half of them when gated.
        activation: "gate" is NAFNet's simple gate, "gelu" the baseline's.
        expand: how many times wider than C the first branch is; 2 in NAFNet, 1 in the baseline.
        feed_forward_expand: the same of the second branch.

    Attributes:
        context: pixels around a place that its result depends on.

    A freshly built block returns its input.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: a size is below 1, a width that is gated is odd, or the activation is neither of its choices.
    """

    def __init__(
        self,
        channels: int,
        attention: Callable[[int], Attention],
        activation: NAFActivation = "gate",
        expand: int = 2,
        feed_forward_expand: int = 2,
    ) -> None:
        super().__init__()
        if activation not in ("gate", "gelu"):
            raise ConfigError(f'NAFBlock({channels}) got activation={activation!r}. Choose "gate" or "gelu".')
        halves = 2 if activation == "gate" else 1
        wide, hidden = expand * channels, feed_forward_expand * channels
        if min(channels, expand, feed_forward_expand) < 1 or wide % halves or hidden % halves:
            raise ConfigError(
                f"NAFBlock({channels}) got expand={expand}, feed_forward_expand={feed_forward_expand}. "
                "Give positive numbers, and such that a gate has two equal halves."
            )
        self.activation = activation
        self.norm1 = LayerNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, wide, 1)
        self.depthwise = nn.Conv2d(wide, wide, 3, padding=1, groups=wide)
        self.attention = attention(wide // halves)
        self.conv2 = nn.Conv2d(wide // halves, channels, 1)
        self.scale1 = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.norm2 = LayerNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, hidden, 1)
        self.conv4 = nn.Conv2d(hidden // halves, channels, 1)
        self.scale2 = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.context = 1 + self.attention.context

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        near = self.activate(self.depthwise(self.conv1(self.norm1(x))))  # (N, wide or half of it, H, W)
        z = x + self.scale1 * self.conv2(self.attention(near))  # (N, C, H, W)
        return z + self.scale2 * self.conv4(self.activate(self.conv3(self.norm2(z))))

    def activate(self, x: Tensor) -> Tensor:
        """The simple gate, (N, C, H, W) -> (N, C/2, H, W), or GELU, which keeps the shape."""
        if self.activation == "gelu":
            return F.gelu(x)
        first, second = x.chunk(2, dim=1)  # (N, C/2, H, W) each
        return first * second
