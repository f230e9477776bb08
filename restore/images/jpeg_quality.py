"""How strongly a JPEG file was compressed, from the tables in its header."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

# ITU-T T.81 annex K.1: the luminance table that IJG's libjpeg scales, row by row
_LUMINANCE = np.array([
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
])  # fmt: skip


def jpeg_quality(path: str | Path) -> int | None:
    """The quality setting of libjpeg, 1 to 100, whose luminance table is nearest to the file's.

    Exact for what libjpeg, Pillow and OpenCV wrote; for programs with tables of their own (Photoshop, cameras) the
    nearest is told. None for a file that is no JPEG, or that cannot be opened.

    Example:
        >>> jpeg_quality("no such file") is None
        True
    """
    try:
        with Image.open(path, formats=("JPEG",)) as image:
            tables = getattr(image, "quantization", None)
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    if not tables:
        return None
    table = np.sort(np.array(tables[min(tables)]))  # sorted: Pillow has told tables in zigzag order and in rows
    distances = [np.abs(np.sort(luminance_table(quality)) - table).sum() for quality in range(1, 101)]
    return 1 + int(np.argmin(distances))


def luminance_table(quality: int) -> np.ndarray:
    """Libjpeg's table of the luma at a quality, 64 numbers, row by row."""
    factor = 5000 // quality if quality < 50 else 200 - 2 * quality
    return ((_LUMINANCE * factor + 50) // 100).clip(1, 255)
