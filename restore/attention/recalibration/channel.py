"""Squeeze-and-excitation, the channel attention of RCAN.

Papers: Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018, section 3, https://arxiv.org/abs/1709.01507;
Zhang et al., "Image Super-Resolution Using Very Deep Residual Channel Attention Networks",
ECCV 2018, section 3.3, https://arxiv.org/abs/1807.02758
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention.base import Recalibration
from restore.errors import ConfigError


class ChannelAttention(Recalibration):
    """Scales each channel by a gate that is computed from the channel's spatial mean.

    Formula:
        y = x * sigmoid(excite(relu(squeeze(mean(x)))))

    Args:
        channels: C of the feature map.
        reduction: how many times the bottleneck is narrower than C, from 1 to C.

    Shape:
        input and output: (N, C, H, W); the gate is (N, C, 1, 1), between 0 and 1.

    Raises:
        ConfigError: `reduction` is below 1 or above `channels`.
        ShapeError: the input has another C (on forward).

    Example:
        >>> import torch
        >>> ChannelAttention(64, reduction=16)(torch.rand(2, 64, 8, 8)).shape
        torch.Size([2, 64, 8, 8])
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__(channels)
        if not 1 <= reduction <= channels:
            raise ConfigError(
                f"ChannelAttention({channels}) got reduction={reduction}. Choose it between 1 and {channels}."
            )
        self.squeeze = nn.Conv2d(channels, channels // reduction, 1)
        self.excite = nn.Conv2d(channels // reduction, channels, 1)

    def gate(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, 1, 1)."""
        mean = x.mean(dim=(2, 3), keepdim=True)  # (N, C, 1, 1)
        return self.excite(F.relu(self.squeeze(mean))).sigmoid()
