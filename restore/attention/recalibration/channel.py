"""Squeeze-and-excitation, the channel attention of RCAN.

Papers: Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018, sections 3 and 6, https://arxiv.org/abs/1709.01507;
Zhang et al., "Image Super-Resolution Using Very Deep Residual Channel Attention Networks",
ECCV 2018, section 3.3, https://arxiv.org/abs/1807.02758
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention.base import Recalibration
from restore.errors import ConfigError
from restore.layers import GlobalPool


class ChannelAttention(Recalibration):
    """Scales each channel by a gate that is computed from the channel's spatial mean.

    Formula:
        y = x * sigmoid(excite(relu(squeeze(mean(x)))))

    Args:
        channels: C of the feature map.
        reduction: how many times the bottleneck is narrower than C, from 1 to C.
        squeeze: what a channel is told by: its mean, or its largest value (section 6.2 of the paper).
        excitation: the last function of the gate; "sigmoid" is the paper's choice, the others are of its section 6.3.
        bias: whether the two layers have a bias: RCAN and the authors' Caffe models do, many SE ports do not.

    Shape:
        input and output: (N, C, H, W); the gate is (N, C, 1, 1): between 0 and 1 by sigmoid, -1 and 1 by tanh, from 0
        by relu.

    Raises:
        ConfigError: `reduction` is below 1 or above `channels`, or an option is none of its choices.
        ShapeError: the input has another C (on forward).

    Example:
        >>> import torch
        >>> ChannelAttention(64, reduction=16)(torch.rand(2, 64, 8, 8)).shape
        torch.Size([2, 64, 8, 8])
    """

    sees_whole_map = True

    def __init__(
        self,
        channels: int,
        reduction: int = 16,
        squeeze: Literal["average", "max"] = "average",
        excitation: Literal["sigmoid", "tanh", "relu"] = "sigmoid",
        bias: bool = True,
    ) -> None:
        super().__init__(channels)
        name = f"{type(self).__name__}({channels})"
        if not 1 <= reduction <= channels:
            raise ConfigError(f"{name} got reduction={reduction}. Choose it between 1 and {channels}.")
        if squeeze not in ("average", "max"):
            raise ConfigError(f'{name} got squeeze={squeeze!r}. Choose "average" or "max".')
        if excitation not in ("sigmoid", "tanh", "relu"):
            raise ConfigError(f'{name} got excitation={excitation!r}. Choose "sigmoid", "tanh" or "relu".')
        self.pool: nn.Module = GlobalPool() if squeeze == "average" else _GlobalMaximum()
        self.excitation = excitation
        self.squeeze = nn.Conv2d(channels, channels // reduction, 1, bias=bias)
        self.excite = nn.Conv2d(channels // reduction, channels, 1, bias=bias)

    def descriptor(self, x: Tensor) -> Tensor:
        """What each channel is told by: (N, C, H, W) -> (N, C, 1, 1)."""
        described: Tensor = self.pool(x)
        return described

    def gate(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, 1, 1)."""
        logits = self.excite(F.relu(self.squeeze(self.descriptor(x))))
        if self.excitation == "sigmoid":
            return logits.sigmoid()
        return logits.tanh() if self.excitation == "tanh" else F.relu(logits)


class _GlobalMaximum(nn.Module):
    """The largest value of each channel; it has no local form."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, 1, 1)."""
        return x.amax(dim=(2, 3), keepdim=True)
