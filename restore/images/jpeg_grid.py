"""The 8 x 8 grid that JPEG leaves in a picture, found in its pixels when the file is no JPEG any more.

Method: Nikoukhah, Anger, Colom, Morel, Grompone von Gioi, "ZERO: a Local JPEG Grid Origin Detector Based on the Number
of DCT Zeros and its Applications in Image Forensics", IPOL 2021, sections 2 and 3, https://doi.org/10.5201/ipol.2021.390:
quantized blocks have more DCT coefficients of zero than blocks that lie across them, so places of the picture vote for
the grid that gives them the most zeros. There each pixel votes; here each window of 8 x 8 blocks, and no two windows
share one. What lies one pixel further is the next phase: no place of the window is preferred.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from restore.images.picture import Pixels
from restore.images.pixels import to_eight_bits

FALSE_ALARMS = 1e-6
"""Of so many pictures that were never a JPEG one is named, if the votes fell at random."""

LEAST_SHARE = 0.1
"""Of the votes, below which a grid is not told: drawings that repeat have votes that hang together."""

_SIDE = 512  # of larger pictures the middle is looked at
_STEP = 9  # from window to window: one more than a window, and no multiple of the grid


class JpegGrid(NamedTuple):
    """Where the blocks of a former JPEG lie."""

    row: int
    """Of the first whole block, 0 to 7; above 0 where the picture was cut after it was a JPEG."""
    column: int
    share: float
    """Of the votes that this grid got; without any grid 1/64."""


def jpeg_grid(pixels: Pixels) -> JpegGrid | None:
    """The grid of the JPEG that a picture once was, or None where none is seen.

    A picture that was made smaller or larger after it was a JPEG has none, and quality 100 leaves none. Drawings
    that repeat every eight pixels (ordered dithering, enlarged pixel art) may be taken for one.

    Shape:
        pixels (H, W, 1 or 3), in any depth.

    Example:
        >>> jpeg_grid(np.zeros((64, 64, 3), np.uint8)) is None
        True
    """
    luma, (top, left) = middle_luma(pixels)
    if min(luma.shape) < 8 + _STEP:
        return None
    zeros = _zeros(luma)
    rows, columns = (side // _STEP for side in zeros.shape)
    windows = zeros[: rows * _STEP, : columns * _STEP].reshape(rows, _STEP, columns, _STEP)[:, :8, :, :8]
    windows = windows.transpose(0, 2, 1, 3).reshape(rows, columns, 64)
    most = windows.max(axis=2, keepdims=True)
    clear = ((windows == most).sum(axis=2) == 1) & (most[:, :, 0] >= 0)
    y, x = np.nonzero(clear)
    inside = windows.argmax(axis=2)[clear]
    phases = (_STEP * y + inside // 8 + top) % 8 * 8 + (_STEP * x + inside % 8 + left) % 8
    votes = np.bincount(phases, minlength=64)
    best, count = int(votes.argmax()), len(phases)
    share = float(votes[best] / max(count, 1))
    if share < LEAST_SHARE or math.log(64) + _log_tail(int(votes[best]), count, 1 / 64) > math.log(FALSE_ALARMS):
        return None
    return JpegGrid(best // 8, best % 8, share)


def middle_luma(pixels: Pixels) -> tuple[np.ndarray, tuple[int, int]]:
    """The luma (H, W) float32, 0 to 255, of a picture's middle, and where that begins."""
    pixels = to_eight_bits(pixels)
    top, left = (max(0, side - _SIDE) // 2 for side in pixels.shape[:2])
    part = pixels[top : top + _SIDE, left : left + _SIDE].astype(np.float32)
    weights = np.array([0.299, 0.587, 0.114] if part.shape[2] == 3 else [1.0], np.float32)
    return np.ascontiguousarray(part @ weights), (top, left)


def _zeros(luma: np.ndarray) -> np.ndarray:
    """How many DCT coefficients are zero in the block that begins at each pixel, (H - 7, W - 7).

    -1 where all rows of a block or all its columns are alike: such a block has zeros without any JPEG.
    """
    zeros = np.zeros([side - 7 for side in luma.shape], np.int8)
    for across in DCT:
        lines = _filtered(luma, across[None, :])  # (H, W - 7)
        for down in DCT:
            zeros += np.abs(_filtered(lines, down[:, None])) < 0.5
    for axis in (0, 1):
        changes = (np.diff(luma, axis=axis) != 0).astype(np.float32)
        zeros[_filtered(changes, np.ones((8 - (axis == 0), 8 - (axis == 1)), np.float32)) < 0.5] = -1
    return zeros


def _filtered(values: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Weighted sums of the part that begins at each pixel, wherever the kernel lies inside."""
    summed = cv2.filter2D(values, cv2.CV_32F, kernel, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    return np.ascontiguousarray(summed[: len(values) + 1 - kernel.shape[0], : values.shape[1] + 1 - kernel.shape[1]])


def _log_tail(count: int, of: int, chance: float) -> float:
    """Logarithm of the chance that `count` or more `of` throws hit."""
    terms = [
        math.lgamma(of + 1)
        - math.lgamma(hits + 1)
        - math.lgamma(of - hits + 1)
        + hits * math.log(chance)
        + (of - hits) * math.log1p(-chance)
        for hits in range(count, of + 1)
    ]
    largest = max(terms, default=0.0)
    return largest + math.log(sum(math.exp(term - largest) for term in terms)) if terms else 0.0


def _dct() -> np.ndarray:
    """The eight cosines of ITU-T T.81, A.3.3, one a row."""
    frequency, place = np.mgrid[:8, :8]
    rows = np.cos(np.pi * frequency * (2 * place + 1) / 16) / 2
    rows[0] /= math.sqrt(2)
    return rows.astype(np.float32)


DCT = _dct()
"""(frequencies, places)."""
