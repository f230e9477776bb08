"""Decoded pictures kept in memory, so that a patch costs a slice and not a PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from restore.images import read_pixels


class PictureCache:
    """Pictures as (H, W, C) uint8, decoded at the first use and kept while they fit the budget.

    Args:
        paths: the files.
        image_channels: 1 (gray) or 3 (RGB).
        gigabytes: how much memory decoded pictures may take, a process; the rest is decoded each time.
        halve_above: a picture whose longer side is above this is shrunk by 2x2 means until it is not; large
            photographs out of a camera are soft and noisy at their full size. None keeps every picture as it is.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        image_channels: int = 3,
        gigabytes: float = 2.0,
        halve_above: int | None = None,
    ) -> None:
        self.paths = list(paths)
        self.image_channels = image_channels
        self.halve_above = halve_above
        self._room = int(gigabytes * 1e9)
        self._kept: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> np.ndarray:
        """Picture `index`, (H, W, C) uint8; callers must not write into it."""
        if index in self._kept:
            return self._kept[index]
        pixels = read_pixels(self.paths[index], self.image_channels)
        while self.halve_above is not None and max(pixels.shape[:2]) > self.halve_above:
            pixels = _halve(pixels)
        if pixels.nbytes <= self._room:
            self._room -= pixels.nbytes
            self._kept[index] = pixels
        return pixels


def _halve(pixels: np.ndarray) -> np.ndarray:
    height, width, channels = pixels.shape[0] // 2, pixels.shape[1] // 2, pixels.shape[2]
    quads = pixels[: 2 * height, : 2 * width].reshape(height, 2, width, 2, channels)  # (H/2, 2, W/2, 2, C)
    return np.rint(quads.mean(axis=(1, 3))).astype(np.uint8)  # (H/2, W/2, C)
