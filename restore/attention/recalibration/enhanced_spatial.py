"""ESA, the enhanced spatial attention of RFDN.

Papers: Liu et al., "Residual Feature Aggregation Network for Image Super-Resolution", CVPR 2020, section 3.3 (first);
Liu et al., "Residual Feature Distillation Network for Lightweight Image Super-Resolution", ECCV Workshops 2020,
section 3.3 (this form), https://arxiv.org/abs/2009.11551
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention.base import Recalibration
from restore.errors import ConfigError

_SMALLEST = 15
"""Pixels that one cell of the pooled map sees: a strided 3 x 3, then a 7 x 7 window of every second pixel."""


class EnhancedSpatialAttention(Recalibration):
    """Scales every value by a gate that sees far: it is computed on a small, strided and pooled map.

    The small map is stretched over the large one, so what a place sees shifts by a few pixels with the size of the
    map. Sides below 15 pixels, which the authors' code refuses, are continued by their border to 15.

    Formula:
        z = squeeze(x)
        small = conv3(relu(conv2(relu(conv1(maxpool_7_by_3(strided(z)))))))
        y = x * sigmoid(excite(resize(small) + skip(z)))

    Args:
        channels: C of the feature map.
        reduction: how many times narrower the inside is, from 1 to C; 4 in RFDN.

    Shape:
        input and output: (N, C, H, W); the gate is (N, C, H, W), between 0 and 1.

    Raises:
        ConfigError: `reduction` is below 1 or above `channels`.
        ShapeError: the input has another C (on forward).
    """

    context = 40

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__(channels)
        if not 1 <= reduction <= channels:
            raise ConfigError(
                f"{type(self).__name__}({channels}) got reduction={reduction}. Choose it between 1 and {channels}."
            )
        narrow = channels // reduction
        self.squeeze = nn.Conv2d(channels, narrow, 1)
        self.skip = nn.Conv2d(narrow, narrow, 1)
        self.strided = nn.Conv2d(narrow, narrow, 3, stride=2)
        self.conv1 = nn.Conv2d(narrow, narrow, 3, padding=1)
        self.conv2 = nn.Conv2d(narrow, narrow, 3, padding=1)
        self.conv3 = nn.Conv2d(narrow, narrow, 3, padding=1)
        self.excite = nn.Conv2d(narrow, channels, 1)

    def gate(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        squeezed = self.squeeze(x)  # (N, C/r, H, W)
        strided = self.strided(_at_least(squeezed, _SMALLEST))  # (N, C/r, H/2, W/2)
        small = F.max_pool2d(strided, 7, stride=3)  # (N, C/r, H/6, W/6)
        small = self.conv3(F.relu(self.conv2(F.relu(self.conv1(small)))))
        far = F.interpolate(small, x.shape[2:], mode="bilinear", align_corners=False)  # (N, C/r, H, W)
        return self.excite(far + self.skip(squeezed)).sigmoid()  # (N, C, H, W)


def _at_least(x: Tensor, side: int) -> Tensor:
    """Continue the border below and on the right; a padded side becomes one cell, so nothing is cropped later."""
    below, right = max(side - x.shape[2], 0), max(side - x.shape[3], 0)
    return F.pad(x, (0, right, 0, below), mode="replicate") if below or right else x
