"""8-bit pixels for data sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from restore.errors import ConfigError
from restore.images.picture import Pixels
from restore.images.read import decode_picture, read_picture


def read_pixels(path: str | Path, image_channels: int) -> Pixels:
    """Read a picture as (H, W, image_channels) uint8, upright, without its transparency.

    Gray becomes RGB by repetition, RGB becomes gray by ITU-R BT.601 (0.299, 0.587, 0.114); 16 bits and floats
    are rounded to 8 bits.

    Raises:
        ConfigError: `image_channels` is neither 1 nor 3.
        DataError: the file cannot be read.
    """
    _check(image_channels)
    return _to_channels(read_picture(path).pixels, image_channels)


def decode_pixels(data: bytes, path: Path, image_channels: int) -> Pixels:
    """The same from a file's content; `path` is what the messages call it.

    Raises:
        ConfigError, DataError: as `read_pixels`.
    """
    _check(image_channels)
    return _to_channels(decode_picture(data, path).pixels, image_channels)


def _check(image_channels: int) -> None:
    if image_channels not in (1, 3):
        raise ConfigError(f"Pictures have 1 or 3 channels, got image_channels={image_channels}. Choose one of these.")


def _to_channels(pixels: Pixels, image_channels: int) -> Pixels:
    pixels = to_eight_bits(pixels)
    if pixels.shape[2] == image_channels:
        return pixels
    if image_channels == 3:
        return np.repeat(pixels, 3, axis=2)  # (H, W, 3)
    luma = pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)  # (H, W)
    return np.rint(luma).astype(np.uint8)[:, :, None]  # (H, W, 1)


def to_eight_bits(pixels: Pixels) -> Pixels:
    """Round uint16 or [0, 1] floats to uint8; uint8 is returned as it is."""
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == np.uint16:
        return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
