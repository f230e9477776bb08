"""Bayer mosaics: one colour a sensor pixel, packed as four planes, and interpolated back to pictures."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from restore.errors import ConfigError, ShapeError

Pattern = Literal["rggb", "grbg", "gbrg", "bggr"]
Demosaic = Literal["bilinear", "malvar"]

PATTERNS: tuple[Pattern, ...] = ("rggb", "grbg", "gbrg", "bggr")
"""Colours of the upper left 2x2 pixels, row by row; the number of a pattern is 2 * row + column of its red pixel."""

DEMOSAICS: tuple[Demosaic, ...] = ("bilinear", "malvar")

# Each method's four filters over the mosaic, in eighths: green at red and blue; red at green in a red row, and its
# mirror image; red at blue. Blue goes like red. Second line: Malvar, He, Cutler, "High-quality linear interpolation for
# demosaicing of Bayer-patterned color images", ICASSP 2004, figure 2.
_BILINEAR = (
    ((0, 0, 0, 0, 0), (0, 0, 2, 0, 0), (0, 2, 0, 2, 0), (0, 0, 2, 0, 0), (0, 0, 0, 0, 0)),
    ((0, 0, 0, 0, 0), (0, 0, 0, 0, 0), (0, 4, 0, 4, 0), (0, 0, 0, 0, 0), (0, 0, 0, 0, 0)),
    ((0, 0, 0, 0, 0), (0, 2, 0, 2, 0), (0, 0, 0, 0, 0), (0, 2, 0, 2, 0), (0, 0, 0, 0, 0)),
)
_MALVAR = (
    ((0, 0, -1, 0, 0), (0, 0, 2, 0, 0), (-1, 2, 4, 2, -1), (0, 0, 2, 0, 0), (0, 0, -1, 0, 0)),
    ((0, 0, 0.5, 0, 0), (0, -1, 0, -1, 0), (-1, 4, 5, 4, -1), (0, -1, 0, -1, 0), (0, 0, 0.5, 0, 0)),
    ((0, 0, -1.5, 0, 0), (0, 2, 0, 2, 0), (-1.5, 0, 6, 0, -1.5), (0, 2, 0, 2, 0), (0, 0, -1.5, 0, 0)),
)


def mosaic(picture: Tensor, pattern: Tensor) -> Tensor:
    """Keep of each pixel the colour that its sensor pixel sees.

    Args:
        picture: (N, 3, H, W).
        pattern: (N,), numbers of `PATTERNS`.

    Returns:
        (N, 1, H, W).
    """
    return (picture * _masks(picture, pattern)).sum(dim=1, keepdim=True)


def demosaic(plane: Tensor, pattern: Tensor, method: Tensor) -> Tensor:
    """Interpolate the two missing colours of each pixel, linearly in the plane.

    Exact for a picture of one colour, and away from the border for a gray slope. Beyond the border the plane is
    mirrored without its edge, which keeps the pattern; where a side is under 3, the edge is repeated.

    Args:
        plane: (N, 1, H, W).
        pattern: (N,), numbers of `PATTERNS`.
        method: (N,), numbers of `DEMOSAICS`.

    Returns:
        (N, 3, H, W).
    """
    count, _, height, width = plane.shape
    filters = _filters(plane)[method.to(plane.device)].reshape(4 * count, 1, 5, 5)
    mode = "reflect" if min(height, width) > 2 else "replicate"
    around = F.pad(plane, (2, 2, 2, 2), mode=mode)
    found = F.conv2d(around.reshape(1, count, height + 4, width + 4), filters, groups=count)
    green, along, across, opposite = found.reshape(count, 4, height, width).split(1, dim=1)
    red_at, green_at, blue_at = _masks(plane, pattern).split(1, dim=1)
    red_row = (red_at.amax(dim=3, keepdim=True) > 0).to(plane)  # (N, 1, H, 1)
    along, across = (red_row * along + (1 - red_row) * across, red_row * across + (1 - red_row) * along)
    red = red_at * plane + green_at * along + blue_at * opposite
    blue = blue_at * plane + green_at * across + red_at * opposite
    return torch.cat([red, green_at * plane + (1 - green_at) * green, blue], dim=1)


def pack(plane: Tensor, pattern: Tensor) -> Tensor:
    """A mosaic as four half-size planes: red, green of the red rows, green of the blue rows, blue.

    Args:
        plane: (N, 1, H, W), even sides.
        pattern: (N,), numbers of `PATTERNS`.

    Returns:
        (N, 4, H / 2, W / 2); `unpack` undoes it.

    Raises:
        ShapeError: an odd side.
    """
    if plane.dim() != 4 or plane.shape[1] != 1 or plane.shape[2] % 2 or plane.shape[3] % 2:
        raise ShapeError(
            f"pack expects mosaics (N, 1, H, W) of even sides, got {tuple(plane.shape)}. Crop a row or column."
        )
    planes = F.pixel_unshuffle(plane, 2)  # (N, 4, H / 2, W / 2), in the order of the pixels
    return planes.gather(1, _order(pattern, planes))


def unpack(planes: Tensor, pattern: Tensor) -> Tensor:
    """The mosaic (N, 1, H, W) of packed planes (N, 4, H / 2, W / 2); see `pack`."""
    if planes.dim() != 4 or planes.shape[1] != 4:
        raise ShapeError(f"unpack expects packed planes (N, 4, H / 2, W / 2), got {tuple(planes.shape)}.")
    order = _order(pattern, planes)
    return F.pixel_shuffle(torch.zeros_like(planes).scatter(1, order, planes), 2)


def pattern_number(pattern: str) -> int:
    """Number of a pattern, e.g. 0 for "rggb".

    Raises:
        ConfigError: no such pattern.
    """
    if pattern not in PATTERNS:
        raise ConfigError(f"There is no Bayer pattern {pattern!r}; there are {', '.join(PATTERNS)}.")
    return PATTERNS.index(pattern)  # type: ignore[arg-type]


def _masks(like: Tensor, pattern: Tensor) -> Tensor:
    """Where each colour is measured: (N, 3, H, W) of ones and zeros."""
    pattern = pattern.to(like.device)
    rows = (torch.arange(like.shape[2], device=like.device) + (pattern // 2)[:, None]) % 2 == 0  # (N, H): red rows
    columns = (torch.arange(like.shape[3], device=like.device) + (pattern % 2)[:, None]) % 2 == 0  # (N, W)
    row, column = rows[:, :, None], columns[:, None, :]
    return torch.stack([row & column, row ^ column, ~row & ~column], dim=1).to(like)


def _filters(like: Tensor) -> Tensor:
    """(methods, 4, 5, 5): green, along the row, across it, opposite."""
    banks = [like.new_tensor(bank) / 8 for bank in (_BILINEAR, _MALVAR)]
    return torch.stack([torch.stack([bank[0], bank[1], bank[1].T, bank[2]]) for bank in banks])


def _order(pattern: Tensor, planes: Tensor) -> Tensor:
    """Which pixel of the 2x2 cell each packed plane is, spread to the planes' shape."""
    colours = torch.tensor([[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]])  # by pattern
    return colours.to(planes.device)[pattern.to(planes.device)][:, :, None, None].expand_as(planes)
