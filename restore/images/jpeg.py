"""A JPEG's losses, for degradations that imitate a camera."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from restore.errors import ConfigError, ShapeError
from restore.images.picture import Pixels


def jpeg_round_trip(pixels: Pixels, quality: int, chroma_subsampling: bool = True) -> Pixels:
    """Compress as JPEG and decompress.

    Args:
        pixels: uint8 (H, W, 1 or 3), RGB.
        quality: libjpeg's, 1 to 100.
        chroma_subsampling: 4:2:0 as cameras do; False is 4:4:4.

    Raises:
        ConfigError: the quality is out of range.
        ShapeError: the pixels have another shape or type.
    """
    if not 1 <= quality <= 100:
        raise ConfigError(f"JPEG quality goes from 1 to 100, got {quality}. Choose one of these.")
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 3):
        raise ShapeError(f"JPEG holds uint8 (H, W, 1 or 3), got {pixels.shape} in {pixels.dtype}. Convert the pixels.")
    file = io.BytesIO()
    image = Image.fromarray(pixels if pixels.shape[2] == 3 else pixels[:, :, 0])
    image.save(file, "JPEG", quality=quality, subsampling=2 if chroma_subsampling else 0)
    return np.asarray(Image.open(file)).reshape(pixels.shape)
