"""Residual attention block of RNAN: a trunk, and attention that may look at the block's input to judge it.

Paper: Zhang et al., "Residual Non-local Attention Networks for Image Restoration", ICLR 2019, sections 3.2 and 3.3,
https://arxiv.org/abs/1903.10082
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from restore.attention import Attention, Recalibration
from restore.layers import ResidualUnit


class ResidualAttentionBlock(nn.Module):
    """One residual unit, a trunk of two under attention with a skip around, two residual units.

    Formula, for r = before(x):
        y = after(attention.combine(trunk(r), attention.gate(r)) + r)

    An attention without a gate acts on the trunk: y = after(attention(trunk(r)) + r).

    Args:
        channels: C of the feature map.
        attention: builds the block's attention from C; `MaskAttention` makes it RNAN's.

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).
    """

    def __init__(self, channels: int, attention: Callable[[int], Attention]) -> None:
        super().__init__()
        units = [ResidualUnit(channels) for _ in range(5)]
        self.before = units[0]
        self.trunk = nn.Sequential(*units[1:3])
        self.attention = attention(channels)
        self.after = nn.Sequential(*units[3:])
        trunk, looks = 2 * units[0].context, self.attention.context
        gated = isinstance(self.attention, Recalibration)
        self.context = 3 * units[0].context + (max(trunk, looks) if gated else trunk + looks)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        r = self.before(x)
        trunk = self.trunk(r)
        if isinstance(self.attention, Recalibration):
            trunk = self.attention.combine(trunk, self.attention.gate(r))
        else:
            trunk = self.attention(trunk)
        return self.after(trunk + r)
