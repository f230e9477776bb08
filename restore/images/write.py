"""Writing a picture file in the format of its name, whole or not at all."""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from restore.errors import DataError
from restore.images.atomic import replacing
from restore.images.metadata import marked, sized
from restore.images.picture import Picture, Pixels
from restore.images.pixels import to_eight_bits
from restore.images.png import encode_png
from restore.images.tiff import encode_tiff

logger = logging.getLogger(__name__)

_LARGEST_MARKER = 65533
"""JPEG holds no longer EXIF block."""
_LONGEST_SIDE = {".jpg": 65500, ".jpeg": 65500, ".webp": 16383, ".gif": 65535}
"""Pixels; libjpeg's limit is a little below the format's."""


def write_picture(path: str | Path, picture: Picture) -> None:
    """Write `picture` in the format that the name's extension says, under a temporary name until it is whole.

    PNG and TIFF keep 16 bits, TIFF keeps floats. The others hold 8 bits, which a warning says where it loses
    something. JPEG is written at quality 95 without chroma subsampling; WebP without loss, or at 95 where the
    picture came from a file with loss. EXIF and ICC go to JPEG, PNG, WebP and TIFF; where EXIF states the picture's
    size in pixels, it is put right.

    Raises:
        DataError: the extension is unknown, the format cannot hold the picture, or the file cannot be written.
    """
    path = Path(path)
    encode = _ENCODERS.get(path.suffix.lower())
    if encode is None:
        raise DataError(f"{path} ends in no known extension. Name it {', '.join(sorted(_ENCODERS))}.")
    height, width = picture.pixels.shape[:2]
    check_size(path, width, height)
    if picture.metadata.exif:
        picture = replace(picture, metadata=replace(picture.metadata, exif=sized(picture.metadata.exif, width, height)))
    try:
        data = encode(path, picture)
    except (OSError, ValueError, OverflowError) as error:
        raise DataError(f"{path} cannot hold the picture: {error} Write a .png or .tif instead.") from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_bytes(data)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}. Choose another place or make room.") from error


def check_size(path: str | Path, width: int, height: int) -> None:
    """Refuse what the format of the name's extension cannot hold, before anything is computed.

    Raises:
        DataError: a side is too long.
    """
    limit = _LONGEST_SIDE.get(Path(path).suffix.lower())
    if limit is not None and max(width, height) > limit:
        raise DataError(
            f"{path} cannot hold {width} x {height} pixels; sides end at {limit} there. Write a .png or .tif instead."
        )


def _jpeg(path: Path, picture: Picture) -> bytes:
    if picture.alpha is not None:
        raise DataError("JPEG has no transparency.")
    exif = picture.metadata.exif
    options: dict[str, object] = {"quality": 95, "subsampling": 0, "icc_profile": picture.metadata.icc}
    if exif and len(marked(exif)) <= _LARGEST_MARKER:
        options["exif"] = marked(exif)
    elif exif:
        logger.warning("%s: %d bytes of EXIF do not fit into a JPEG and are left out.", path, len(exif))
    return _save(path, picture, "JPEG", options)


def _webp(path: Path, picture: Picture) -> bytes:
    options: dict[str, object] = {
        "lossless": picture.metadata.lossless,
        "quality": 80 if picture.metadata.lossless else 95,  # for lossless WebP this is effort, not quality
        "exact": True,
        "icc_profile": picture.metadata.icc,
        "exif": marked(picture.metadata.exif) if picture.metadata.exif else b"",
    }
    return _save(path, picture, "WEBP", options)


def _bmp(path: Path, picture: Picture) -> bytes:
    return _save(path, picture, "BMP", {})


def _gif(path: Path, picture: Picture) -> bytes:
    logger.warning("%s: a GIF holds 256 colours; name the output .png to keep them all.", path)
    return _save(path, picture, "GIF", {})


def _save(path: Path, picture: Picture, kind: str, options: dict[str, object]) -> bytes:
    if picture.pixels.dtype != np.uint8:
        logger.warning("%s: %s pixels are rounded to the 8 bits of its format.", path, picture.pixels.dtype)
    image = Image.fromarray(_joined(picture))
    if kind == "BMP" and image.mode == "LA":
        image = image.convert("RGBA")
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _joined(picture: Picture) -> Pixels:
    """(H, W), (H, W, 2), (H, W, 3) or (H, W, 4) uint8, as Pillow takes it."""
    pixels = to_eight_bits(picture.pixels)
    if picture.alpha is not None:
        return np.dstack([pixels, to_eight_bits(picture.alpha)])
    return pixels if pixels.shape[2] == 3 else pixels[:, :, 0]


def _png(path: Path, picture: Picture) -> bytes:
    if picture.pixels.dtype.kind == "f":
        logger.warning("%s: floats are rounded to the 16 bits that a PNG holds.", path)
    return encode_png(picture)


def _tiff(path: Path, picture: Picture) -> bytes:
    return encode_tiff(picture)


_ENCODERS = {
    ".png": _png,
    ".jpg": _jpeg,
    ".jpeg": _jpeg,
    ".webp": _webp,
    ".tif": _tiff,
    ".tiff": _tiff,
    ".bmp": _bmp,
    ".gif": _gif,
}
