"""Where decoded training pictures are kept, so that a patch costs a slice and not a PNG."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from restore.images import decode_pixels, read_file


class DecodedPictures(ABC):
    """Pictures as (H, W, C) uint8.

    Args:
        paths: the files.
        image_channels: 1 (gray) or 3 (RGB).
        halve_above: a picture whose longer side is above this is shrunk by 2x2 means until it is not; large
            photographs out of a camera are soft and noisy at their full size. None keeps every picture as it is.
    """

    def __init__(self, paths: Sequence[Path], image_channels: int = 3, halve_above: int | None = None) -> None:
        self.paths = list(paths)
        self.image_channels = image_channels
        self.halve_above = halve_above
        self._last: tuple[int, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self.paths)

    @abstractmethod
    def __getitem__(self, index: int) -> np.ndarray:
        """Picture `index`, (H, W, C) uint8; callers must not write into it."""

    def decoded_each_time(self) -> int:
        """How many pictures are known to be decoded anew for every patch."""
        return 0

    def decode(self, index: int) -> np.ndarray:
        """Read the file of picture `index`; the last picture is kept, as a patch asks for its size and then for it."""
        if self._last is None or self._last[0] != index:
            path = self.paths[index]
            self._last = index, decode_training(read_file(path), path, self.image_channels, self.halve_above)
        return self._last[1]


class PictureCache(DecodedPictures):
    """Pictures decoded at the first use and kept in memory while they fit the budget.

    Args:
        paths: the files.
        image_channels: 1 (gray) or 3 (RGB).
        gigabytes: how much memory decoded pictures may take, a process; the rest is decoded each time.
        halve_above: see `DecodedPictures`.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        image_channels: int = 3,
        gigabytes: float = 2.0,
        halve_above: int | None = None,
    ) -> None:
        super().__init__(paths, image_channels, halve_above)
        self._room = int(gigabytes * 1e9)
        self._none = gigabytes == 0
        self._kept: dict[int, np.ndarray] = {}

    def __getitem__(self, index: int) -> np.ndarray:
        """Picture `index`, (H, W, C) uint8; callers must not write into it."""
        if index in self._kept:
            return self._kept[index]
        pixels = self.decode(index)
        if pixels.nbytes <= self._room:
            self._room -= pixels.nbytes
            self._kept[index] = pixels
        return pixels

    def decoded_each_time(self) -> int:
        """All of them where there is no budget; else what did not fit is not known, as each process has its own."""
        return len(self) if self._none else 0


def decode_training(data: bytes, path: Path, image_channels: int, halve_above: int | None) -> np.ndarray:
    """(H, W, C) uint8 of a file's content, halved while it is too large; `path` is for messages.

    Raises:
        DataError: the file is damaged.
    """
    pixels: np.ndarray = decode_pixels(data, path, image_channels)
    while halve_above is not None and max(pixels.shape[:2]) > halve_above:
        pixels = _halve(pixels)
    return pixels


def _halve(pixels: np.ndarray) -> np.ndarray:
    height, width, channels = pixels.shape[0] // 2, pixels.shape[1] // 2, pixels.shape[2]
    quads = pixels[: 2 * height, : 2 * width].reshape(height, 2, width, 2, channels)  # (H/2, 2, W/2, 2, C)
    return np.rint(quads.mean(axis=(1, 3))).astype(np.uint8)  # (H/2, W/2, C)
