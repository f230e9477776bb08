"""Spatial transformer: the network chooses the affine view that it goes on with.

Paper: Jaderberg et al., "Spatial Transformer Networks", NIPS 2015, section 3, https://arxiv.org/abs/1506.02025
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.errors import ConfigError, ShapeError

POOLED = 4
"""Side of the map that the localisation network ends in: places matter to it, so one mean would not do."""


class SpatialTransformer(nn.Module):
    """Predicts an affine map of the plane from the picture, and samples the picture by it.

    The fresh module is the identity: the last layer starts with no weights and the identity as bias. The localisation
    network (the paper leaves it open) is two 5 x 5 convolutions, a pooling to 4 x 4 and two linear layers.

    Formula:
        y(p) = x(matrix * (p, 1)), bilinear;  matrix = localize(x), 2 x 3

    Args:
        channels: C of the feature map.
        width: channels of the localisation network.
        size: (h, w) of the result; that of the input by default.
        padding: what lies outside: nought, or the nearest pixel.
        align_corners: whether -1 and 1 are the centers of the corner pixels rather than their outer edges.

    Shape:
        input (N, C, H, W), any H and W from 1; output (N, C, h, w).

    Raises:
        ConfigError: `channels`, `width` or a side of `size` is below 1.
        ShapeError: the input has another C (on forward).

    Example:
        >>> SpatialTransformer(3, size=(4, 4))(torch.rand(1, 3, 8, 8)).shape
        torch.Size([1, 3, 4, 4])
    """

    def __init__(
        self,
        channels: int,
        width: int = 32,
        size: tuple[int, int] | None = None,
        padding: Literal["zeros", "border"] = "zeros",
        align_corners: bool = False,
    ) -> None:
        super().__init__()
        for name, value in {"channels": channels, "width": width, "size": min(size or (1,))}.items():
            if value < 1:
                raise ConfigError(f"SpatialTransformer got {name}={value}. Choose 1 or more.")
        if padding not in ("zeros", "border"):
            raise ConfigError(f"SpatialTransformer got padding={padding!r}. Choose 'zeros' or 'border'.")
        self.channels, self.size, self.padding, self.align_corners = channels, size, padding, align_corners
        self.localize = nn.Sequential(
            nn.Conv2d(channels, width, 5, padding=2),
            nn.ReLU(),
            nn.Conv2d(width, width, 5, padding=2),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(POOLED),
            nn.Flatten(),
            nn.Linear(width * POOLED**2, width),
            nn.ReLU(),
        )
        self.head = nn.Linear(width, 6)
        nn.init.zeros_(self.head.weight)
        with torch.no_grad():
            self.head.bias.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))

    def matrix(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, 2, 3): from places of the result to places of `x`, both (x, y, 1) in [-1, 1]."""
        return self.head(self.localize(x)).unflatten(1, (2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, h, w)."""
        if x.dim() != 4 or x.shape[1] != self.channels:
            raise ShapeError(
                f"SpatialTransformer expects (N, {self.channels}, H, W), got {tuple(x.shape)}. "
                "Set channels to the width of the layer before it."
            )
        return affine_sample(x, self.matrix(x), self.size, self.padding, self.align_corners)[0]


def affine_sample(
    x: Tensor,
    matrix: Tensor,
    size: tuple[int, int] | None = None,
    padding: Literal["zeros", "border"] = "zeros",
    align_corners: bool = False,
) -> tuple[Tensor, Tensor]:
    """Sample `x` (N, C, H, W) by `matrix` (N, 2, 3); coordinates are float32 at least, as in half precision they jump.

    Returns:
        The result (N, C, h, w), and its places in `x` (N, h, w, 2), each (x, y).
    """
    exact = torch.promote_types(x.dtype, torch.float32)
    shape = [*x.shape[:2], *(size or x.shape[2:])]
    grid = F.affine_grid(matrix.to(exact), shape, align_corners=align_corners)  # (N, h, w, 2)
    seen = F.grid_sample(x.to(exact), grid, padding_mode=padding, align_corners=align_corners)  # (N, C, h, w)
    return seen.to(x.dtype), grid
