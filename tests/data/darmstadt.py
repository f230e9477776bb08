"""A small Darmstadt Noise Dataset, in the files that MATLAB 7.3 would write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

BOXES = [
    [(3, 2, 12, 13), (1, 1, 5, 4)],
    [(1, 1, 20, 24), (20, 24, 20, 24)],
]
"""First row, first column, last row, last column, counted from 1; the second picture's touch its corners."""


def make_release(folder: Path) -> list[np.ndarray]:
    """Write two pictures of 20 x 24 with two boxes each; returns them, (H, W, 3) float32."""
    h5py = pytest.importorskip("h5py", reason="h5py, of restore[dnd], is not installed")
    (folder / "images_srgb").mkdir(parents=True)
    random = np.random.default_rng(0)
    pictures = [random.random((20, 24, 3), np.float32) for _ in BOXES]
    with h5py.File(folder / "info.mat", "w", userblock_size=512) as file:  # MATLAB puts its own header before HDF5's
        references = file.create_dataset("info/boundingboxes", (1, len(BOXES)), h5py.ref_dtype)
        for number, boxes in enumerate(BOXES):
            values = file.create_dataset(f"#refs#/{'abc'[number]}", data=np.array(boxes, np.float64).T)
            references[0, number] = values.ref
    for number, picture in enumerate(pictures, 1):
        with h5py.File(folder / "images_srgb" / f"{number:04d}.mat", "w", userblock_size=512) as file:
            file.create_dataset("InoisySRGB", data=picture.T, chunks=True, compression="gzip")
    return pictures
