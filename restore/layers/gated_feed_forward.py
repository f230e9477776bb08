"""The gated feed-forward network of Restormer.

Paper: Zamir et al., "Restormer: Efficient Transformer for High-Resolution Image Restoration", CVPR 2022, section 3.2,
https://arxiv.org/abs/2111.09881
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from restore.errors import ConfigError


class GatedFeedForward(nn.Module):
    """Gated-Dconv feed-forward network (GDFN): one half of the hidden channels lets the other through.

    Formula:
        y = project(gelu(gate) * value);  gate, value = halves of depthwise3x3(widen(x)); widen, project are 1x1

    Args:
        channels: C of the feature map.
        expand: how many times wider each half is than C; fractions of a channel are dropped.
        bias: whether the convolutions have one; the paper's have none.

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: no channel is left inside.
    """

    context = 1

    def __init__(self, channels: int, expand: float = 2.66, bias: bool = False) -> None:
        super().__init__()
        hidden = int(channels * expand)
        if channels < 1 or hidden < 1:
            raise ConfigError(
                f"GatedFeedForward({channels}) got expand={expand}. Give one that leaves a channel inside."
            )
        self.widen = nn.Conv2d(channels, 2 * hidden, 1, bias=bias)
        self.depthwise = nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden, bias=bias)
        self.project = nn.Conv2d(hidden, channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        gate, value = self.depthwise(self.widen(x)).chunk(2, dim=1)  # (N, hidden, H, W) each
        return self.project(F.gelu(gate) * value)  # (N, C, H, W)
