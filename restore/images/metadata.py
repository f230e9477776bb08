"""EXIF: which way is up, and the bytes that travel to the output.

Format: CIPA DC-008 (Exif 3.0), section 4.5.2: EXIF is a TIFF block; tag 0x0112 says how the pixels are turned.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np
from PIL import ExifTags, Image

from restore.images.picture import Pixels

ORIENTATION = 0x0112
_WIDTHS = (0x0100, 0xA002)
"""ImageWidth, and PixelXDimension of the Exif directory."""
_HEIGHTS = (0x0101, 0xA003)
"""ImageLength, and PixelYDimension."""
_LARGEST_SHORT = 2**16 - 1
_MARKER = b"Exif\x00\x00"
_LAYOUT = {
    *range(0x00FE, 0x0100),  # subfile type
    *(0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x010A),  # size, bits, compression, photometric, fill order
    *(0x0111, 0x0115, 0x0116, 0x0117, 0x011C, 0x013D, 0x0140, 0x0152, 0x0153),  # strips, samples, planes, predictor
    *(0x0142, 0x0143, 0x0144, 0x0145, 0x014A, 0x015B, 0x0201, 0x0202, 0x0211, 0x0212, 0x0213, 0x0214),  # tiles, JPEG
    *(0x8649, 0x8773, 0x935C, 0x014C, 0x0154, 0x0155),  # Photoshop's blocks, the ICC profile, ink names
}


def read_exif(image: Image.Image) -> tuple[bytes | None, int]:
    """The EXIF block of an opened image, reset to upright, and the orientation (1 to 8) that it had."""
    exif = image.getexif()
    orientation = exif.get(ORIENTATION, 1)
    orientation = orientation if orientation in range(1, 9) else 1
    raw = image.info.get("exif")
    if image.format != "TIFF" and isinstance(raw, bytes) and len(raw) > 8:
        return upright(raw.removeprefix(_MARKER)), orientation
    kept = Image.Exif()
    for tag, value in exif.items():
        if tag not in _LAYOUT and tag not in (ORIENTATION, ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
            kept[tag] = value
    for group in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        if values := exif.get_ifd(group):
            kept.get_ifd(group).update(values)
            kept[group] = values
    return (kept.tobytes().removeprefix(_MARKER) if len(kept) else None), orientation


def upright(exif: bytes) -> bytes:
    """Set the orientation of a TIFF block to 1 in place, so that maker notes keep their offsets."""
    return _written(exif, {ORIENTATION: 1})


def sized(exif: bytes, width: int, height: int) -> bytes:
    """Let the pixel dimensions that a TIFF block states be these, in place; it may state none."""
    return _written(exif, dict.fromkeys(_WIDTHS, width) | dict.fromkeys(_HEIGHTS, height))


def _written(exif: bytes, values: Mapping[int, int]) -> bytes:
    """Replace the values of those tags that the block's main directory or its Exif directory has."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None or len(exif) < 8:
        return exif
    block = bytearray(exif)
    (main,) = struct.unpack_from(order + "I", exif, 4)
    starts = [main]
    for start in starts:
        for entry in _entries(exif, order, start):
            tag, _, _, value = struct.unpack_from(order + "HHII", exif, entry)
            if tag == ExifTags.IFD.Exif and start == main and value != main:
                starts.append(value)
            elif tag in values:
                number = values[tag]
                if number <= _LARGEST_SHORT:
                    struct.pack_into(order + "HIHH", block, entry + 2, 3, 1, number, 0)  # one SHORT
                else:
                    struct.pack_into(order + "HII", block, entry + 2, 4, 1, number)  # one LONG
    return bytes(block)


def _entries(exif: bytes, order: str, start: int) -> range:
    """Where the entries of the directory at `start` lie, as far as the block goes."""
    if start + 2 > len(exif):
        return range(0)
    (count,) = struct.unpack_from(order + "H", exif, start)
    return range(start + 2, min(start + 2 + 12 * count, len(exif) - 11), 12)


def turn_upright(pixels: Pixels, orientation: int) -> Pixels:
    """Turn (H, W, ...) pixels as EXIF orientation 1 to 8 asks."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)  # (W, H, ...)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def marked(exif: bytes) -> bytes:
    """The block with the marker that JPEG and WebP writers expect before it."""
    return _MARKER + exif
