"""How strongly a picture was compressed when it was a JPEG, from its pixels.

Method: Fan and de Queiroz, "Identification of Bitmap Compression History: JPEG Detection and Quantizer Estimation",
IEEE Transactions on Image Processing 2003, section IV, https://doi.org/10.1109/TIP.2002.807361: on the grid of the
former JPEG the DCT coefficients lie around multiples of the quantizer's steps, and the most likely steps are taken.
There each step is found by itself; here the tables are libjpeg's, one for each quality, and the quality is found.
"""

from __future__ import annotations

import math

import numpy as np

from restore.images.jpeg_grid import DCT, JpegGrid, middle_luma
from restore.images.jpeg_quality import luminance_table
from restore.images.picture import Pixels

_BLOCKS = 1500  # so many are looked at
_SPREAD = 0.45  # of a coefficient around its multiple, grey levels: rounding to 8 bit, and of the colours
_LEAST = 1.5  # smaller coefficients say nothing of a step
_OUTLIERS = 1e-3  # density of coefficients that were clipped or changed later
_CLEAR = 0.1  # least mean logarithm by which steps must be likelier than none


def former_quality(pixels: Pixels, grid: JpegGrid) -> int | None:
    """The quality setting of libjpeg, 1 to 100, whose luminance table explains the coefficients best.

    For programs with tables of their own (Photoshop, cameras) the nearest is told. None where no table explains them:
    what was compressed twice, or by a video codec.

    Args:
        pixels: (H, W, 1 or 3), in any depth.
        grid: where its blocks lie, of `jpeg_grid`.
    """
    luma, (top, left) = middle_luma(pixels)
    luma = luma[(grid.row - top) % 8 :, (grid.column - left) % 8 :]
    height, width = (side // 8 for side in luma.shape)
    blocks = luma[: 8 * height, : 8 * width].reshape(height, 8, width, 8).transpose(0, 2, 1, 3).reshape(-1, 8, 8)
    blocks = blocks[(blocks.max(axis=(1, 2)) < 255) & (blocks.min(axis=(1, 2)) > 0)]  # what was clipped fits no table
    blocks = blocks[:: max(1, len(blocks) // _BLOCKS)]
    sizes = np.abs(DCT @ blocks @ DCT.T).reshape(-1, 64)  # (blocks, 64)
    tables = np.stack([luminance_table(quality) for quality in range(1, 101)]).astype(np.float32)  # (100, 64)
    scores, count = np.zeros(100), 0
    for frequency in range(1, 64):
        known = sizes[sizes[:, frequency] >= _LEAST, frequency]
        steps, which = np.unique(tables[:, frequency], return_inverse=True)
        scores += _likelihood(known, steps)[which]
        count += len(known)
    best = int(scores.argmax())
    return 1 + best if count and scores[best] / count > _CLEAR else None


def _likelihood(sizes: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """How much likelier the sizes are as multiples of each step (but not of 0) than anywhere: sums of logarithms."""
    apart = sizes[:, None] - steps * np.maximum(1, np.round(sizes[:, None] / steps))  # (sizes, steps)
    density = np.exp(-((apart / _SPREAD) ** 2) / 2) / (_SPREAD * math.sqrt(2 * math.pi))
    return (np.log(steps) + np.log(density + _OUTLIERS)).sum(axis=0)
