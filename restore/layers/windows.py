"""Cutting a map into windows, and putting it together again."""

from __future__ import annotations

from torch import Tensor

from restore.errors import ShapeError


def to_windows(x: Tensor, window: tuple[int, int]) -> Tensor:
    """Cut a map into windows that do not overlap, row by row; `from_windows` undoes it.

    Args:
        x: (N, C, H, W).
        window: height and width of a window, which divide H and W.

    Returns:
        (N * H/h * W/w, C, h, w), the windows of one picture together.
    """
    n, c, height, width = x.shape
    h, w = window
    if height % h or width % w:
        raise ShapeError(f"A map of {height}x{width} has no whole windows of {h}x{w}. Pad it (restore.layers.padding).")
    cut = x.reshape(n, c, height // h, h, width // w, w)  # (N, C, H/h, h, W/w, w)
    return cut.permute(0, 2, 4, 1, 3, 5).reshape(-1, c, h, w)  # (N * H/h * W/w, C, h, w)


def from_windows(windows: Tensor, size: tuple[int, int]) -> Tensor:
    """Put the windows of `to_windows` together to maps of `size`.

    Args:
        windows: (N * H/h * W/w, C, h, w).
        size: H and W.

    Returns:
        (N, C, H, W).
    """
    count, c, h, w = windows.shape
    height, width = size
    if height % h or width % w or count % (height // h * (width // w)):
        raise ShapeError(f"{count} windows of {h}x{w} do not make maps of {height}x{width}. Give the size they had.")
    cut = windows.reshape(-1, height // h, width // w, c, h, w)  # (N, H/h, W/w, C, h, w)
    return cut.permute(0, 3, 1, 4, 2, 5).reshape(-1, c, height, width)  # (N, C, H, W)
