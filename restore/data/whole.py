"""Whole pictures for validation, test and predict, one a batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from restore.errors import DataError
from restore.images import read_pixels, to_planes


class CleanPictures(Dataset[dict[str, Any]]):
    """Clean pictures as they are: target (C, H, W) uint8.

    Args:
        paths: the files.
        image_channels: 1 (gray) or 3 (RGB).
        scale: height and width are cropped to a multiple of it.
        crop: only the middle so many pixels a side (a multiple of the scale) are taken; None takes all.
    """

    def __init__(self, paths: list[Path], image_channels: int = 3, scale: int = 1, crop: int | None = None) -> None:
        self.paths = paths
        self.image_channels = image_channels
        self.scale = scale
        self.crop = crop

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Picture `index`."""
        pixels = read_pixels(self.paths[index], self.image_channels)
        small = _middle([side // self.scale for side in pixels.shape[:2]], self.crop, self.scale)
        return {"target": to_planes(_cut(pixels, small, self.scale)), "name": self.paths[index].name, "index": index}


class PairedPictures(Dataset[dict[str, Any]]):
    """Degraded pictures with their targets, both from files.

    Args:
        pairs: (degraded, target) files.
        image_channels: 1 (gray) or 3 (RGB).
        scale: how many times larger the target is.
        crop: only the middle so many pixels a side of the target (a multiple of the scale) are taken; None takes all.

    Raises:
        DataError: when a pair is read, that its sizes do not belong together.
    """

    def __init__(
        self, pairs: list[tuple[Path, Path]], image_channels: int = 3, scale: int = 1, crop: int | None = None
    ) -> None:
        self.pairs = pairs
        self.image_channels = image_channels
        self.scale = scale
        self.crop = crop

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Pair `index`: degraded and target, (C, H, W) uint8 each."""
        degraded, target = (read_pixels(path, self.image_channels) for path in self.pairs[index])
        check_sizes(self.pairs[index], degraded, target, self.scale)
        small = _middle(list(degraded.shape[:2]), self.crop, self.scale)
        return {
            "degraded": to_planes(_cut(degraded, small, 1)),
            "target": to_planes(_cut(target, small, self.scale)),
            "name": self.pairs[index][0].name,
            "index": index,
        }


def check_sizes(pair: tuple[Path, Path], degraded: np.ndarray, target: np.ndarray, scale: int) -> None:
    """Raise DataError unless the target's sides are `scale` times the degraded picture's, or less than `scale` more.

    Official small pictures are made of targets that were cropped at the bottom and right; the rest is left out.
    """
    (height, width), (rows, columns) = degraded.shape[:2], target.shape[:2]
    if rows // scale != height or columns // scale != width:
        raise DataError(
            f"{pair[0]} is {width}x{height} and its partner {pair[1].name} {columns}x{rows}; at scale {scale} that is "
            "no pair. Remove one, or set data.init_args.scale."
        )


def _middle(sides: list[int], crop: int | None, scale: int) -> list[slice]:
    """Rows and columns of the middle, in degraded pixels, of a picture with these sides."""
    kept = [side if crop is None else min(side, crop // scale) for side in sides]
    starts = [(side - keep) // 2 for side, keep in zip(sides, kept, strict=True)]
    return [slice(start, start + keep) for start, keep in zip(starts, kept, strict=True)]


def _cut(pixels: np.ndarray, place: list[slice], scale: int) -> np.ndarray:
    rows, columns = (slice(scale * part.start, scale * part.stop) for part in place)
    return pixels[rows, columns]  # (H, W, C)
