"""The bottleneck unit that normalises before it convolves.

Paper: He et al., "Identity Mappings in Deep Residual Networks", ECCV 2016, section 4,
https://arxiv.org/abs/1603.05027
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from restore.errors import ConfigError


class PreActivationUnit(nn.Module):
    """A narrow 3 x 3 convolution between two 1 x 1, each after normalisation and ReLU, added to the raw input.

    Args:
        channels: C of the feature map.
        reduction: how many times narrower the 3 x 3 convolution is, from 1 to C.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: `reduction` is below 1 or above `channels`.
    """

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        if not 1 <= reduction <= channels:
            raise ConfigError(
                f"PreActivationUnit({channels}) got reduction={reduction}. Choose it between 1 and {channels}."
            )
        narrow = channels // reduction
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, narrow, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(narrow)
        self.conv2 = nn.Conv2d(narrow, narrow, 3, padding=1, bias=False)
        self.norm3 = nn.BatchNorm2d(narrow)
        self.conv3 = nn.Conv2d(narrow, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        inside = self.conv1(F.relu(self.norm1(x)))  # (N, C/r, H, W)
        inside = self.conv2(F.relu(self.norm2(inside)))
        return x + self.conv3(F.relu(self.norm3(inside)))  # (N, C, H, W)
