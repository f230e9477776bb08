"""PNG with 8 or 16 bits, with EXIF and ICC: OpenCV compresses the pixels, the two chunks are put in.

Format: W3C, "Portable Network Graphics (PNG) Specification", third edition, sections 5.3, 11.3.2.3 and 11.3.4.5
"""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
from PIL import Image

from restore.errors import DataError
from restore.images.picture import Picture, Pixels

_HEADER = 8 + 25
"""Bytes of the signature and of the IHDR chunk, after which the others may come."""


def encode_png(picture: Picture) -> bytes:
    """A PNG file: uint8 as 8 bits, uint16 as 16 bits, floats rounded to 16 bits.

    8-bit gray with transparency stays so; with 16 bits it becomes RGB with three equal channels, for want of a
    writer.
    """
    pixels, alpha = _integers(picture.pixels), None if picture.alpha is None else _integers(picture.alpha)
    if pixels.shape[2] == 1 and alpha is not None and pixels.dtype == np.uint8:
        file = io.BytesIO()
        Image.fromarray(np.dstack([pixels, alpha])).save(file, "PNG")
        data = file.getvalue()
    else:
        ok, encoded = cv2.imencode(".png", _as_opencv(pixels, alpha))
        if not ok:
            raise DataError(f"OpenCV cannot write {pixels.shape} as PNG.")
        data = encoded.tobytes()
    extra = b""
    if picture.metadata.icc:
        extra += _chunk(b"iCCP", b"icc\x00\x00" + zlib.compress(picture.metadata.icc))
    if picture.metadata.exif:
        extra += _chunk(b"eXIf", picture.metadata.exif)
    return data[:_HEADER] + extra + data[_HEADER:]


def _integers(values: Pixels) -> Pixels:
    return values if values.dtype.kind == "u" else np.rint(np.clip(values, 0, 1) * 65535).astype(np.uint16)


def _as_opencv(pixels: Pixels, alpha: Pixels | None) -> Pixels:
    """(H, W), BGR (H, W, 3) or BGRA (H, W, 4)."""
    if alpha is not None:
        colours = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
        return np.ascontiguousarray(np.dstack([colours[:, :, ::-1], alpha]))
    return np.ascontiguousarray(pixels[:, :, ::-1]) if pixels.shape[2] == 3 else pixels[:, :, 0]


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
