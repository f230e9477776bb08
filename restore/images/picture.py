"""A picture in memory: pixels, transparency, and what else its file said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from restore.errors import ShapeError

Pixels = NDArray[Any]
"""(H, W, C) or (H, W); uint8, uint16 or float32; integers over their whole range, floats in [0, 1]."""

DEPTHS = (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float32))


@dataclass(frozen=True)
class Metadata:
    """What a picture's file holds besides its pixels."""

    format: Literal["", "BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP"] = ""
    """The format of the file that was read, whatever its name said; empty for a picture made in memory."""
    exif: bytes | None = None
    """EXIF as a TIFF block, without the `Exif` marker that JPEG puts before it; its orientation is 1 (upright)."""
    icc: bytes | None = None
    """The ICC profile that the pixels are to be seen through."""
    lossless: bool = True
    """False where the file had been compressed with loss (JPEG, most WebP)."""


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels that stand upright, their transparency, and their metadata.

    Shape:
        pixels (H, W, C), C 1 (gray) or 3 (RGB); alpha (H, W) in the same type, or None where all is opaque.

    Raises:
        ShapeError: pixels or alpha have another shape or type.
    """

    pixels: Pixels
    alpha: Pixels | None = None
    metadata: Metadata = field(default_factory=Metadata)

    def __post_init__(self) -> None:
        shape, dtype = self.pixels.shape, self.pixels.dtype
        if len(shape) != 3 or shape[2] not in (1, 3) or dtype not in DEPTHS:
            raise ShapeError(
                f"Picture expects pixels (H, W, 1 or 3) in uint8, uint16 or float32, got {shape} in {dtype}. "
                "Convert them, and give transparency as `alpha`."
            )
        if self.alpha is not None and (self.alpha.shape != shape[:2] or self.alpha.dtype != dtype):
            raise ShapeError(
                f"Picture expects alpha {shape[:2]} in {dtype}, got {self.alpha.shape} in {self.alpha.dtype}. "
                "Give one value a pixel, in the type of the pixels."
            )
