"""Feature pyramid attention and global attention upsampling.

Paper: Li et al., "Pyramid Attention Network for Semantic Segmentation", BMVC 2018, sections 3.1 and 3.2,
https://arxiv.org/abs/1805.10180
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention.base import Recalibration
from restore.errors import ConfigError, ShapeError
from restore.layers import pad_to_multiple


class FeaturePyramidAttention(Recalibration):
    """Gates each pixel by a U-shaped pyramid of three scales, and adds the pooled map.

    What the paper leaves open follows JaveyWang's code: transposed convolutions upsample, the pyramid has C/4 channels,
    and no convolution has a bias. Of our own: any size, by padding below and on the right of the pyramid's input to a
    multiple of 8. Normalisations work on 1 x 1 maps, so training needs N > 1.

    Formula:
        y = relu(master(x) * up(lateral_1 + up(lateral_2 + up(lateral_3))) + pool(mean(x)))
        lateral_i = conv(d_i);  d_1 = down7(x), d_2 = down5(d_1), d_3 = down3(d_2)

    Args:
        channels: C of the feature map.
        reduction: how many times narrower the pyramid is, from 1 to C.

    Shape:
        input and output: (N, C, H, W); the gate is of the same shape, 0 or more.

    Raises:
        ConfigError: `reduction` is below 1 or above `channels`.
        ShapeError: the input has another C (on forward).
    """

    context = 33  # 2 + 4 + 8 by the way up, 8 at the lowest scale, 4 + 4 + 3 by the way down
    sees_whole_map = True

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__(channels)
        if not 1 <= reduction <= channels:
            raise ConfigError(
                f"FeaturePyramidAttention({channels}) got reduction={reduction}. Choose it between 1 and {channels}."
            )
        narrow = channels // reduction
        self.master = _normalized(nn.Conv2d(channels, channels, 1, bias=False))
        self.pool = _normalized(nn.Conv2d(channels, channels, 1, bias=False))
        self.down = nn.ModuleList(
            _normalized(nn.Conv2d(before, narrow, size, stride=2, padding=size // 2, bias=False))
            for before, size in ((channels, 7), (narrow, 5), (narrow, 3))
        )
        self.lateral = nn.ModuleList(
            _normalized(nn.Conv2d(narrow, narrow, size, padding=size // 2, bias=False)) for size in (7, 5, 3)
        )
        self.up = nn.ModuleList(
            _normalized(nn.ConvTranspose2d(narrow, after, 4, stride=2, padding=1, bias=False))
            for after in (channels, narrow, narrow)
        )

    def gate(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        level, laterals = pad_to_multiple(x, 8), []
        for down, lateral in zip(self.down, self.lateral, strict=True):
            level = F.relu(down(level))  # half the size: (N, C/r, H/2, W/2), H/4, H/8
            laterals.append(lateral(level))
        first, second, third = self.up
        merged = F.relu(laterals[1] + F.relu(third(laterals[2])))  # (N, C/r, H/4, W/4)
        merged = F.relu(laterals[0] + F.relu(second(merged)))  # (N, C/r, H/2, W/2)
        return F.relu(first(merged))[..., : x.shape[2], : x.shape[3]]  # (N, C, H, W)

    def combine(self, x: Tensor, gate: Tensor) -> Tensor:
        """The gate acts on `master(x)`; the pooled map is added."""
        pooled = self.pool(x.mean(dim=(2, 3), keepdim=True))  # (N, C, 1, 1)
        return F.relu(self.master(x) * gate + pooled)


class GlobalAttentionUpsample(nn.Module):
    """Brings a deep map up to a shallow one, which a gate from the deep map's mean chooses from.

    The widths are JaveyWang's: the result has those of the shallow map. The gate normalises one number a channel and
    picture, so training needs N > 1.

    Formula:
        y = relu(conv3(low) * relu(conv1(mean(high))) + up(high))

    Args:
        channels: C of the deep map `high`.
        low_channels: C of the shallow map `low`, and of the result.
        upsample: whether `low` is twice as large as `high` (odd sides: less one), or of the same size.

    Shape:
        high (N, channels, H, W); low and output (N, low_channels, 2 H, 2 W), or of H x W.

    Raises:
        ConfigError: a width is below 1.
        ShapeError: an input has another C, or the sizes do not fit (on forward).

    Example:
        >>> import torch
        >>> module = GlobalAttentionUpsample(64, 32).eval()
        >>> module(torch.rand(1, 64, 4, 4), torch.rand(1, 32, 8, 7)).shape
        torch.Size([1, 32, 8, 7])
    """

    def __init__(self, channels: int, low_channels: int, upsample: bool = True) -> None:
        super().__init__()
        if channels < 1 or low_channels < 1:
            raise ConfigError(
                f"GlobalAttentionUpsample got channels={channels}, low_channels={low_channels}. Choose 1 or more."
            )
        self.channels, self.low_channels, self.upsample = channels, low_channels, upsample
        self.low = _normalized(nn.Conv2d(low_channels, low_channels, 3, padding=1, bias=False))
        self.pool = _normalized(nn.Conv2d(channels, low_channels, 1, bias=False))
        self.up = _normalized(
            nn.ConvTranspose2d(channels, low_channels, 4, stride=2, padding=1, bias=False)
            if upsample
            else nn.Conv2d(channels, low_channels, 1, bias=False)
        )

    def forward(self, high: Tensor, low: Tensor) -> Tensor:
        """(N, channels, H, W) and (N, low_channels, 2 H, 2 W) -> (N, low_channels, 2 H, 2 W)."""
        step = 2 if self.upsample else 1
        sizes = (tuple(-(-side // step) for side in low.shape[2:]), tuple(high.shape[2:]))
        widths = (high.dim() == low.dim() == 4) and (high.shape[1], low.shape[1]) == (self.channels, self.low_channels)
        if not widths or sizes[0] != sizes[1]:
            raise ShapeError(
                f"GlobalAttentionUpsample expects (N, {self.channels}, H, W) and (N, {self.low_channels}, {step} H, "
                f"{step} W), got {tuple(high.shape)} and {tuple(low.shape)}. Give the deep map first."
            )
        gate = F.relu(self.pool(high.mean(dim=(2, 3), keepdim=True)))  # (N, low_channels, 1, 1)
        raised = self.up(high)[..., : low.shape[2], : low.shape[3]]  # (N, low_channels, 2 H, 2 W)
        return F.relu(self.low(low) * gate + raised)


def _normalized(conv: nn.Conv2d | nn.ConvTranspose2d) -> nn.Sequential:
    return nn.Sequential(conv, nn.BatchNorm2d(conv.out_channels))
