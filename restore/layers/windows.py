"""Cutting a map into windows of tokens, and putting it together again."""

from __future__ import annotations

from torch import Tensor

from restore.errors import ShapeError


def to_windows(x: Tensor, window: tuple[int, int]) -> Tensor:
    """Cut a map into windows that do not overlap, and each into tokens, both row by row; `from_windows` undoes it.

    Args:
        x: (N, C, H, W).
        window: height and width of a window, which divide H and W.

    Returns:
        (N, H/h, W/w, h * w, C), in one copy.
    """
    n, c, height, width = x.shape
    h, w = window
    if height % h or width % w:
        raise ShapeError(f"A map of {height}x{width} has no whole windows of {h}x{w}. Pad it (restore.layers.padding).")
    rows, columns = height // h, width // w
    cut = x.reshape(n, c, rows, h, columns, w).permute(0, 2, 4, 3, 5, 1)  # (N, rows, columns, h, w, C)
    return cut.reshape(n, rows, columns, h * w, c)


def from_windows(windows: Tensor, window: tuple[int, int]) -> Tensor:
    """Put the windows of `to_windows` together to maps.

    Args:
        windows: (N, H/h, W/w, h * w, C).
        window: height and width of a window.

    Returns:
        (N, C, H, W), in one copy; the channels of a place lie side by side in memory.
    """
    n, rows, columns, count, c = windows.shape
    h, w = window
    if count != h * w:
        raise ShapeError(f"{count} tokens do not make a window of {h}x{w}. Give the window that they were cut by.")
    joined = windows.reshape(n, rows, columns, h, w, c).transpose(2, 3)  # (N, rows, h, columns, w, C)
    return joined.reshape(n, rows * h, columns * w, c).permute(0, 3, 1, 2)  # (N, C, H, W)
