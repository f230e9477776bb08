"""Small picture folders for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from restore.images import Metadata, Picture, write_picture


def make_pictures(folder: Path, count: int = 3, size: tuple[int, int] = (40, 56), channels: int = 3, seed: int = 0):
    """`count` different smooth-and-noisy pictures as PNG; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    paths = []
    for number in range(count):
        height, width = size[0] + 2 * number, size[1] + number
        y, x = np.mgrid[:height, :width]
        wave = 110 + 60 * np.sin(y / (3 + number))[..., None] * np.cos(x / 5)[..., None]
        pixels = (wave + rng.normal(0, 25, (height, width, channels))).clip(0, 255).astype(np.uint8)
        paths.append(folder / f"picture{number}.png")
        write_picture(paths[-1], Picture(pixels=pixels, alpha=None, metadata=Metadata()))
    return paths
