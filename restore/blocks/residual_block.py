"""Residual block with a slot for attention.

Papers: Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPRW 2017
(two convolutions, no normalisation), https://arxiv.org/abs/1707.02921; with ChannelAttention in the slot
it is the RCAB of Zhang et al., ECCV 2018, section 3.3, https://arxiv.org/abs/1807.02758. The four placements:
Hu et al., "Squeeze-and-Excitation Networks", TPAMI 2020, ablation of the integration strategy and figure 5,
https://arxiv.org/abs/1709.01507. Where the branches come from stands in `restore.blocks.branches`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from restore.attention import Attention
from restore.blocks.branches import BRANCHES, Branch, branch_convolutions
from restore.errors import ConfigError

Placement = Literal["standard", "pre", "post", "identity"]
Activation = Literal["relu", "prelu", "silu"]

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "prelu": nn.PReLU, "silu": nn.SiLU}
"""Name -> class."""
_PLACEMENTS = ("standard", "pre", "post", "identity")


class ResidualBlock(nn.Module):
    """A branch of two convolutions, plus the input, and attention at one of four places.

    Formula, with branch = conv2(activation(conv1(.))), unless `branch` says otherwise, and s = residual_scale:
        standard: y = x + s attention(branch(x))
        pre:      y = x + s branch(attention(x))
        post:     y = attention(x + s branch(x))
        identity: y = attention(x) + s branch(x)

    In the paper "post" comes after the block's last ReLU; blocks of restoration have none, so here it is the sum alone.

    Args:
        channels: C of the feature map.
        attention: builds the block's attention from C.
        kernel_size: of both convolutions, odd.
        placement: where the attention acts; the tensors' names are the same for all.
        activation: "relu", "silu", or "prelu" with one learnt slope for all channels.
        residual_scale: what the branch is multiplied by before it is added; EDSR's 256 channels need 0.1 to train.
        branch: "plain", "pre_activation", "wide", "grouped", "depthwise" or "dense", see `branch_convolutions`.

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: `kernel_size` is even or below 1, or there is no such placement, activation or branch, or the
            branch does not go with `channels`.
    """

    def __init__(
        self,
        channels: int,
        attention: Callable[[int], Attention],
        kernel_size: int = 3,
        placement: Placement = "standard",
        activation: Activation = "relu",
        residual_scale: float = 1.0,
        branch: Branch = "plain",
    ) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ConfigError(f"ResidualBlock got kernel_size={kernel_size}. Choose an odd number.")
        if placement not in _PLACEMENTS:
            raise ConfigError(f"ResidualBlock got placement={placement!r}. Choose one of {', '.join(_PLACEMENTS)}.")
        if activation not in ACTIVATIONS:
            raise ConfigError(f"ResidualBlock got activation={activation!r}. Choose one of {', '.join(ACTIVATIONS)}.")
        if branch not in BRANCHES:
            raise ConfigError(f"ResidualBlock got branch={branch!r}. Choose one of {', '.join(BRANCHES)}.")
        self.placement = placement
        self.branch = branch
        self.residual_scale = residual_scale
        conv1, conv2 = branch_convolutions(branch, channels, kernel_size, ACTIVATIONS[activation])
        self.before = ACTIVATIONS[activation]() if branch == "pre_activation" else nn.Identity()
        self.conv1 = conv1
        self.activation = ACTIVATIONS[activation]()
        self.conv2 = conv2
        self.attention = attention(channels)
        reach, looks = 2 * (kernel_size // 2), self.attention.context
        self.context = max(reach, looks) if placement == "identity" else reach + looks

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        if self.placement == "pre":
            return self._add(x, self._branch(self.attention(x)))
        if self.placement == "post":
            return self.attention(self._add(x, self._branch(x)))
        if self.placement == "identity":
            return self._add(self.attention(x), self._branch(x))
        return self._add(x, self.attention(self._branch(x)))

    def _branch(self, x: Tensor) -> Tensor:
        inner = self.activation(self.conv1(self.before(x)))
        return self.conv2(torch.cat([x, inner], 1) if self.branch == "dense" else inner)

    def _add(self, x: Tensor, branch: Tensor) -> Tensor:
        return torch.add(x, branch, alpha=self.residual_scale)
