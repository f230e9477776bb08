"""The eye of the recurrent attention model: a retina, and the network that reads it.

Paper: Mnih et al., "Recurrent Models of Visual Attention", NIPS 2014, section 3, https://arxiv.org/abs/1406.6247
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.errors import ConfigError, ShapeError


class GlimpseSensor(nn.Module):
    """A retina: square crops around a point, each larger than the one before and averaged down to its size.

    The published code (kevinzakka/recurrent-visual-attention) cuts off the point's fraction of a pixel first, so that
    its crops of even side lie half a pixel up and left on average; `start="published"` has that.

    Formula:
        glimpse_i = mean_pool(crop(x, center=location, side=size * scale^i), scale^i), i < patches

    Args:
        size: side of a patch of the glimpse.
        patches: how many crops.
        scale: how many times larger each crop is than the one before.
        start: where a crop begins: on the pixel that makes it best centered, or as published.

    Shape:
        input (N, C, H, W); location (N, 2), x then y, from -1 (left or upper edge) to 1; nought outside the picture.
        output (N, patches, C, size, size). No gradient reaches the location.

    Raises:
        ConfigError: a number is below 1.
        ShapeError: picture and location do not fit (on forward).

    Example:
        >>> GlimpseSensor(8, patches=2)(torch.rand(1, 3, 32, 32), torch.zeros(1, 2)).shape
        torch.Size([1, 2, 3, 8, 8])
    """

    def __init__(
        self, size: int = 8, patches: int = 1, scale: int = 2, start: Literal["centered", "published"] = "centered"
    ) -> None:
        super().__init__()
        for name, value in {"size": size, "patches": patches, "scale": scale}.items():
            if value < 1:
                raise ConfigError(f"GlimpseSensor got {name}={value}. Choose 1 or more.")
        if start not in ("centered", "published"):
            raise ConfigError(f"GlimpseSensor got start={start!r}. Choose 'centered' or 'published'.")
        self.size, self.patches, self.scale, self.start = size, patches, scale, start

    def forward(self, x: Tensor, location: Tensor) -> Tensor:
        """(N, C, H, W) and (N, 2) -> (N, patches, C, size, size)."""
        if x.dim() != 4 or location.shape != (len(x), 2):
            raise ShapeError(
                f"GlimpseSensor expects (N, C, H, W) and (N, 2), got {tuple(x.shape)} and {tuple(location.shape)}. "
                "Give one location (x, y) a picture."
            )
        patches = []
        for patch in range(self.patches):
            factor = self.scale**patch
            crop = self._crop(x, location, self.size * factor)  # (N, C, size * factor, size * factor)
            patches.append(F.avg_pool2d(crop, factor))
        return torch.stack(patches, dim=1)  # (N, patches, C, size, size)

    def _crop(self, x: Tensor, location: Tensor, side: int) -> Tensor:
        height, width = x.shape[2:]
        column, across = self._span(location[:, 0], side, width)
        row, down = self._span(location[:, 1], side, height)
        picture = torch.arange(len(x), device=x.device).view(-1, 1, 1)
        crop = x[picture, :, row.unsqueeze(2), column.unsqueeze(1)].permute(0, 3, 1, 2)  # (N, C, side, side)
        return crop * (down.unsqueeze(2) & across.unsqueeze(1)).unsqueeze(1)

    def _span(self, location: Tensor, side: int, length: int) -> tuple[Tensor, Tensor]:
        """Indices (N, side) along one axis, held inside the picture, and which of them were inside."""
        exact = torch.promote_types(location.dtype, torch.float32)
        point = 0.5 * (location.to(exact) + 1) * length  # in pixels from the edge
        centered = (point - side / 2 + 0.5).floor()
        first = centered if self.start == "centered" else point.trunc() - side // 2
        index = first.long().unsqueeze(1) + torch.arange(side, device=location.device)  # (N, side)
        return index.clamp(0, length - 1), (index >= 0) & (index < length)


class GlimpseNetwork(nn.Module):
    """Reads what the retina sees and where it looks into one vector.

    Formula:
        g = relu(what_out(relu(what_in(sensor(x, location)))) + where_out(relu(where_in(location))))

    Args:
        channels: C of the picture.
        size: side of a patch of the glimpse.
        patches: how many crops the retina has.
        scale: how many times larger each crop is than the one before.
        what_width: hidden units for the glimpse.
        where_width: hidden units for the location.
        width: units of the result; `what_width + where_width` by default.
        start: as in `GlimpseSensor`.

    Shape:
        input (N, C, H, W) and location (N, 2); output (N, width), 0 or more.

    Raises:
        ConfigError: a number is below 1.
        ShapeError: the input has another C, or picture and location do not fit (on forward).
    """

    def __init__(
        self,
        channels: int,
        size: int = 8,
        patches: int = 1,
        scale: int = 2,
        what_width: int = 128,
        where_width: int = 128,
        width: int | None = None,
        start: Literal["centered", "published"] = "centered",
    ) -> None:
        super().__init__()
        width = what_width + where_width if width is None else width
        numbers = {"channels": channels, "what_width": what_width, "where_width": where_width, "width": width}
        for name, value in numbers.items():
            if value < 1:
                raise ConfigError(f"GlimpseNetwork got {name}={value}. Choose 1 or more.")
        self.channels, self.width = channels, width
        self.sensor = GlimpseSensor(size, patches, scale, start)
        self.what_in = nn.Linear(patches * channels * size**2, what_width)
        self.what_out = nn.Linear(what_width, width)
        self.where_in = nn.Linear(2, where_width)
        self.where_out = nn.Linear(where_width, width)

    def forward(self, x: Tensor, location: Tensor) -> Tensor:
        """(N, C, H, W) and (N, 2) -> (N, width)."""
        if x.dim() != 4 or x.shape[1] != self.channels:
            raise ShapeError(
                f"GlimpseNetwork expects (N, {self.channels}, H, W), got {tuple(x.shape)}. "
                "Set channels to those of the picture."
            )
        glimpse = self.sensor(x, location).flatten(1)  # (N, patches * C * size * size)
        what = self.what_out(F.relu(self.what_in(glimpse)))  # (N, width)
        where = self.where_out(F.relu(self.where_in(location)))  # (N, width)
        return F.relu(what + where)
