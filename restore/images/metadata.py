"""EXIF: which way is up, and the bytes that travel to the output.

Format: CIPA DC-008 (Exif 3.0), section 4.5.2: EXIF is a TIFF block; tag 0x0112 says how the pixels are turned.
"""

from __future__ import annotations

import struct

import numpy as np
from PIL import ExifTags, Image

from restore.images.picture import Pixels

ORIENTATION = 0x0112
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
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return exif
    (start,) = struct.unpack_from(order + "I", exif, 4)
    if start + 2 > len(exif):
        return exif
    (count,) = struct.unpack_from(order + "H", exif, start)
    for entry in range(start + 2, min(start + 2 + 12 * count, len(exif) - 11), 12):
        if struct.unpack_from(order + "H", exif, entry)[0] == ORIENTATION:
            value = struct.pack(order + "HIHH", 3, 1, 1, 0)  # one SHORT, the number 1
            return exif[: entry + 2] + value + exif[entry + 12 :]
    return exif


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
