"""Quadratic attention: heads that look at a shift, which can be any convolution.

Paper: Cordonnier, Loukas and Jaggi, "On the Relationship between Self-Attention and Convolutional Layers", ICLR 2020,
sections 2.2, 3 and 4.2, https://arxiv.org/abs/1911.03584
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from restore.attention.base import Representation
from restore.errors import ConfigError


class QuadraticAttention(Representation):
    """Each head sees the neighborhood of a learned shift, the closer the sharper; contents do not steer it.

    With 9 heads at the shifts of a 3x3 kernel and growing sharpness it becomes that convolution, away from the border.
    The softmax over places is the product of one over rows and one over columns, so that two small matrices do what the
    matrix of all pairs does. Value and projection are one matrix a head, which is their product in the paper's proof.

    Formula:
        y = project(heads joined(A x)), A[place, key] = softmax over keys(-sharpness |key - place - center|^2)

    Args:
        channels: C of the feature map.
        heads: how many shifts are looked at. Centers start at random (normal, variance 2), sharpness
            starts at 1.

    Shape:
        input and output: (N, C, H, W). `center` is (heads, 2): rows down, columns right; `project.weight` is
        (C, heads * C, 1, 1), head by head.

    Raises:
        ConfigError: `heads` is below 1.
        ShapeError: the input has another C (on forward).
    """

    sees_whole_map = True

    def __init__(self, channels: int, heads: int = 9) -> None:
        super().__init__(channels)
        if heads < 1:
            raise ConfigError(f"QuadraticAttention({channels}) got heads={heads}. Choose 1 or more.")
        self.heads = heads
        self.center = nn.Parameter(torch.randn(heads, 2) * 2**0.5)
        self.sharpness = nn.Parameter(torch.ones(heads))
        self.project = nn.Conv2d(heads * channels, channels, 1)

    def affinity(self, x: Tensor, at: tuple[int, int] | None = None) -> Tensor:
        """(N, C, H, W) -> (N, heads, HW, HW)."""
        down, right = self._along(0, x), self._along(1, x)  # (heads, H, H), (heads, W, W)
        if at is not None:
            row = down[:, at[0], :, None] * right[:, at[1], None, :]  # (heads, H, W)
            return row.expand(len(x), -1, -1, -1)
        both = down[:, :, None, :, None] * right[:, None, :, None, :]  # (heads, H, W, H, W)
        return both.flatten(3).flatten(1, 2).expand(len(x), -1, -1, -1)

    def gather(self, x: Tensor, affinity: Tensor) -> Tensor:
        """(N, C, H, W) and (N, heads, HW, HW) -> (N, C, H, W)."""
        seen = affinity @ x.flatten(2).transpose(1, 2).unsqueeze(1)  # (N, heads, HW, C)
        return self.project(seen.transpose(2, 3).reshape(len(x), -1, *x.shape[2:]))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        self.check(x)
        across = x.unsqueeze(1) @ self._along(1, x).transpose(1, 2).unsqueeze(1)  # (N, heads, C, H, W)
        seen = self._along(0, x).unsqueeze(1) @ across  # (N, heads, C, H, W)
        return self.project(seen.flatten(1, 2))

    def _along(self, axis: int, x: Tensor) -> Tensor:
        """Softmax along rows (0) or columns (1), in float32 at least: (heads, side, side)."""
        wide = torch.promote_types(x.dtype, torch.float32)
        places = torch.arange(x.shape[2 + axis], dtype=wide, device=x.device)
        center, sharpness = self.center[:, axis].to(wide), self.sharpness.to(wide)  # (heads,), (heads,)
        distance = places - places.unsqueeze(1) - center.view(-1, 1, 1)  # (heads, side, side)
        weights = (-sharpness.view(-1, 1, 1) * distance.square()).softmax(-1)
        least = torch.finfo(wide).tiny / torch.finfo(wide).eps  # smaller weights make denormal products, slow on CPUs
        return torch.where(weights < least, 0, weights).to(x.dtype)
