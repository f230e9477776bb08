"""A WebP's losses, for degradations that imitate the web."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from restore.errors import ConfigError, ShapeError
from restore.images.picture import Pixels


def webp_round_trip(pixels: Pixels, quality: int) -> Pixels:
    """Compress as lossy WebP and decompress.

    Args:
        pixels: uint8 (H, W, 1 or 3), RGB. WebP has no gray: one channel is stored as three, and their luma comes back.
        quality: libwebp's, 1 to 100.

    Raises:
        ConfigError: the quality is out of range.
        ShapeError: the pixels have another shape or type.
    """
    if not 1 <= quality <= 100:
        raise ConfigError(f"WebP quality goes from 1 to 100, got {quality}. Choose one of these.")
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 3):
        raise ShapeError(f"WebP holds uint8 (H, W, 1 or 3), got {pixels.shape} in {pixels.dtype}. Convert the pixels.")
    file = io.BytesIO()
    image = Image.fromarray(pixels if pixels.shape[2] == 3 else pixels[:, :, 0]).convert("RGB")
    image.save(file, "WEBP", quality=quality)
    stored = Image.open(file).convert("RGB" if pixels.shape[2] == 3 else "L")
    return np.asarray(stored).reshape(pixels.shape)
