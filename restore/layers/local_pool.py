"""Means over the whole map, and over a window around each place, which can stand in for them on large pictures.

Paper: Chu et al., "Improving Image Restoration by Revisiting Global Information Aggregation", ECCV 2022, section 3.2,
https://arxiv.org/abs/2112.04491 (TLC, the test-time local converter)

A module that pools holds one of the global forms as a submodule without parameters. `local(kernel_size)` is its local
form, which `restore.inference.with_local_pooling` puts into its place.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.errors import ConfigError
from restore.layers.kept import kept

_BLOCK = 128
"""How many sums are made at a time, at least."""


class GlobalPool(nn.Module):
    """The mean of each channel over the whole map: (N, C, H, W) -> (N, C, 1, 1)."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, 1, 1)."""
        return x.mean(dim=(2, 3), keepdim=True)

    def local(self, kernel_size: tuple[int, int]) -> LocalPool:
        """The mean over windows instead."""
        return LocalPool(kernel_size)


class GlobalContrast(nn.Module):
    """Deviation plus mean of each channel, summed in float32 at least: (N, C, H, W) -> (N, C, 1, 1)."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, 1, 1)."""
        precise = x.to(torch.promote_types(x.dtype, torch.float32))
        mean = precise.mean(dim=(2, 3), keepdim=True)  # (N, C, 1, 1)
        length = torch.linalg.vector_norm(precise - mean, dim=(2, 3), keepdim=True)  # its gradient at 0 is 0
        return (length / (x.shape[2] * x.shape[3]) ** 0.5 + mean).to(x.dtype)

    def local(self, kernel_size: tuple[int, int]) -> LocalContrast:
        """Deviation and mean over windows instead."""
        return LocalContrast(kernel_size)


class LocalPool(nn.Module):
    """The mean of each channel over a window around each place; near the border that of the nearest whole window.

    A map that the window covers gives its mean, as `GlobalPool` does. An even window reaches one pixel further below
    and to the right. Sums are in float32 at least.

    Args:
        kernel_size: height and width of the window; a side above the map's is the map's.

    Shape:
        (N, C, H, W) -> (N, C, H, W), or (N, C, 1, 1) where the window covers the map.

    Raises:
        ConfigError: a side is below 1.
    """

    def __init__(self, kernel_size: tuple[int, int]) -> None:
        super().__init__()
        self.kernel_size = check_kernel(type(self).__name__, kernel_size)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W) or (N, C, 1, 1)."""
        return _pooled(x, self.kernel_size, _window_means)

    def extra_repr(self) -> str:
        """Show the window in a network's printout."""
        return f"kernel_size={self.kernel_size}"


class LocalContrast(LocalPool):
    """Deviation plus mean of each channel over a window around each place, laid as that of `LocalPool`."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W) or (N, C, 1, 1)."""
        return _pooled(x, self.kernel_size, _window_contrasts)


def local_variance(x: Tensor, kernel_size: tuple[int, int]) -> Tensor:
    """Variance (divisor: the window's pixels) over the windows of `LocalPool`, in its shapes."""
    return _pooled(x, kernel_size, _window_variances)


def check_kernel(owner: str, kernel_size: tuple[int, int]) -> tuple[int, int]:
    """The two sides.

    Raises:
        ConfigError: a side is below 1.
    """
    height, width = kernel_size
    if min(height, width) < 1:
        raise ConfigError(f"{owner} got kernel_size={kernel_size}. Choose both sides from 1 up.")
    return height, width


def _pooled(x: Tensor, kernel_size: tuple[int, int], reduce: Callable[[Tensor, tuple[int, int]], Tensor]) -> Tensor:
    """Reduce every window, and repeat the border up to the size of `x`."""
    height, width = x.shape[2:]
    size = (min(kernel_size[0], height), min(kernel_size[1], width))
    above, left = (size[0] - 1) // 2, (size[1] - 1) // 2
    with torch.autocast(x.device.type, enabled=False):
        reduced = reduce(x.to(torch.promote_types(x.dtype, torch.float32)), size)  # (N, C, H - k1 + 1, W - k2 + 1)
        reduced = reduced.to(x.dtype)
        if size == (height, width):
            return reduced  # (N, C, 1, 1)
        around = (left, size[1] - 1 - left, above, size[0] - 1 - above)
        return F.pad(reduced, around, mode="replicate")  # (N, C, H, W)


def _window_means(x: Tensor, size: tuple[int, int]) -> Tensor:
    """(N, C, H, W) -> (N, C, H - k1 + 1, W - k2 + 1), channels last in memory."""
    rows, columns = size
    last = x.permute(0, 2, 3, 1)  # (N, H, W, C)
    means = _sums_along(last.flatten(2), rows) / rows  # (N, H', W C)
    means = means.unflatten(2, last.shape[2:]).flatten(0, 1)  # (N H', W, C)
    means = _sums_along(means, columns) / columns  # (N H', W', C)
    return means.unflatten(0, (x.shape[0], -1)).permute(0, 3, 1, 2)  # (N, C, H', W')


def _window_variances(x: Tensor, size: tuple[int, int]) -> Tensor:
    wide = x if x.device.type == "mps" else x.double()  # a difference of squares; MPS has no float64
    wide = wide - wide.mean(dim=(2, 3), keepdim=True)
    return (_window_means(wide.square(), size) - _window_means(wide, size).square()).clamp_min(0).to(x.dtype)


def _window_contrasts(x: Tensor, size: tuple[int, int]) -> Tensor:
    return _window_variances(x, size).sqrt() + _window_means(x, size)


def _sums_along(x: Tensor, side: int) -> Tensor:
    """Sums of `side` neighbors along the middle axis, (B, L, D) -> (B, L - side + 1, D).

    Blocks of the axis are multiplied by a band of ones: quicker than running sums in float64, and as exact as a sum of
    `side` numbers, whereas float32 running sums lose digits on large maps.
    """
    count = x.shape[1] - side + 1
    block = min(count, max(side, _BLOCK))
    band = _band(block, side, like=x)
    parts = []
    for start in range(0, count, block):
        rows = min(block, count - start)
        reach = rows + side - 1
        parts.append(band[:rows, :reach] @ x[:, start : start + reach])
    return torch.cat(parts, 1)


@kept
def _band(block: int, side: int) -> Tensor:
    """Ones where place j is one of the `side` from i on: (block, block + side - 1)."""
    places = torch.arange(block + side - 1) - torch.arange(block)[:, None]
    return ((places >= 0) & (places < side)).double()
