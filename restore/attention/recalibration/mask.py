"""Mask branches of RNAN, local and non-local: a gate for every value, computed over a wide neighbourhood.

Paper: Zhang et al., "Residual Non-local Attention Networks for Image Restoration", ICLR 2019, section 3.2 and
figure 3, https://arxiv.org/abs/1903.10082
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from restore.attention.base import Attention, NoAttention, Recalibration
from restore.attention.representation.non_local import NonLocalAttention
from restore.layers import ResidualUnit


class MaskAttention(Recalibration):
    """Scales every value by a gate from a small hourglass of residual units.

    Formula:
        y = x * sigmoid(project(after(a + up(inside(down(a)))))),  a = before(non_local(x))

    The downward convolution strides by 2; of an odd side the last line is its half alone, and what `up` makes beyond
    the border is cropped. In RNAN the gate acts on another tensor than it is computed from: see
    `restore.blocks.ResidualAttentionBlock`.

    Args:
        channels: C of the feature map.
        non_local: whether a non-local block comes first, so that the gate depends on the whole map.
        normalize_over: what that block's softmax sums over: "keys" as in the paper, "queries" as in the authors' code
            and weights.

    Shape:
        input and output: (N, C, H, W); the gate is (N, C, H, W), between 0 and 1.

    Raises:
        ShapeError: the input has another C (on forward).
    """

    def __init__(
        self, channels: int, non_local: bool = False, normalize_over: Literal["keys", "queries"] = "keys"
    ) -> None:
        super().__init__(channels)
        self.sees_whole_map = non_local
        self.non_local: Attention = (
            NonLocalAttention(channels, normalize_over=normalize_over) if non_local else NoAttention(channels)
        )
        self.before = ResidualUnit(channels)
        self.down = nn.Conv2d(channels, channels, 3, stride=2, padding=1)
        self.inside = nn.Sequential(ResidualUnit(channels), ResidualUnit(channels))
        self.up = nn.ConvTranspose2d(channels, channels, 6, stride=2, padding=2)
        self.after = ResidualUnit(channels)
        self.project = nn.Conv2d(channels, channels, 1)
        self.context = 2 + 1 + 2 * 4 + 3 + 2  # before, down, inside at half the size, up, after

    def gate(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        height, width = x.shape[2:]
        near = self.before(self.non_local(x))
        wide = self.inside(self.down(near))  # (N, C, ceil(H/2), ceil(W/2))
        wide = self.up(wide)[..., :height, :width]  # (N, C, H, W)
        return self.project(self.after(near + wide)).sigmoid()
