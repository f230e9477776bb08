"""Reading a picture file: Pillow opens the header and the 8-bit formats, `deep` what holds more."""

from __future__ import annotations

import io
import logging
import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from restore.errors import DataError
from restore.images.deep import bits_a_sample, read_deep_png, read_deep_tiff
from restore.images.metadata import read_exif, turn_upright
from restore.images.picture import Metadata, Picture, Pixels

logger = logging.getLogger(__name__)

MAX_PIXELS = 2**28
"""Larger pictures (268 megapixels, 16384 x 16384) are refused from their header."""

_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, struct.error, zlib.error)
_pillow_limit = threading.Lock()


def read_picture(path: str | Path) -> Picture:
    """Read a PNG, JPEG, WebP, TIFF, BMP or GIF, told by its content and not by its name.

    The pixels are turned upright and the EXIF orientation is reset. Palettes and CMYK become RGB; 16 bits and
    floats stay what they are. Of several frames or pages the first is read, with a warning.

    Raises:
        DataError: the file is missing, empty, damaged, too large, or of another kind; the message names it.
    """
    path = Path(path)
    return decode_picture(read_file(path), path)


def decode_picture(data: bytes, path: Path) -> Picture:
    """The same from a file's content; `path` is what the messages call it.

    Raises:
        DataError: as `read_picture`.
    """
    try:
        image = _open(data)
    except UnidentifiedImageError as error:
        if data[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
            return _guarded(path, lambda: read_deep_tiff(data, MAX_PIXELS))
        raise DataError(
            f"{path} is not a picture that can be read, whatever its name says. "
            "PNG, JPEG, WebP, TIFF, BMP and GIF are; remove it or convert it."
        ) from error
    except _BROKEN as error:
        raise _damaged(path, error) from error
    with image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise DataError(
                f"{path} says that it is {width} x {height} = {width * height / 1e6:.0f} megapixels; "
                f"the limit is {MAX_PIXELS / 1e6:.0f}. Cut it into parts if that is true."
            )
        return _guarded(path, lambda: _decode(path, image, data))


def read_file(path: Path) -> bytes:
    """The content of a picture's file.

    Raises:
        DataError: it is missing, empty or locked; the message names it.
    """
    try:
        data = path.read_bytes()
    except IsADirectoryError as error:
        raise DataError(f"{path} is a folder, not a picture. Name the pictures in it.") from error
    except FileNotFoundError as error:
        link = "a link to a missing file" if path.is_symlink() else "missing"
        raise DataError(f"{path} is {link}. Check the name.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {error.strerror}. Change that, or leave it out.") from error
    if not data:
        raise DataError(f"{path} is empty (0 bytes). Copy it again, or remove it.")
    return data


def _open(data: bytes) -> Image.Image:
    """Read the header without Pillow's own limit, whose message does not say the size."""
    with _pillow_limit:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(io.BytesIO(data), formats=_FORMATS)
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _guarded(path: Path, decode: Callable[[], Picture]) -> Picture:
    """Call `decode`; whatever a damaged file makes a decoder raise becomes a DataError that names the file."""
    try:
        return decode()
    except DataError as error:
        raise DataError(f"{path} {error}") from error
    except MemoryError as error:
        raise DataError(f"{path} does not fit into memory. Cut it into parts.") from error
    except _BROKEN as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} is damaged or cut short ({error}). Copy it again, or remove it.")


def _decode(path: Path, image: Image.Image, data: bytes) -> Picture:
    kind = "JPEG" if image.format == "MPO" else image.format or ""
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        logger.warning("%s holds %d frames or pages: only the first is used.", path, frames)
    if kind == "TIFF" and bits_a_sample(image) > 8:
        return read_deep_tiff(data, MAX_PIXELS, image)
    image.load()  # raises where the file is cut short
    exif, orientation = read_exif(image)
    icc = image.info.get("icc_profile") or None
    if kind == "PNG" and data[24] == 16:
        pixels, alpha = read_deep_png(data)
    else:
        if image.mode == "CMYK":
            image, icc = _from_cmyk(image, icc), None
        pixels, alpha = _eight_bits(image)
    metadata = Metadata(
        format=kind,  # type: ignore[arg-type]
        exif=exif,
        icc=icc,
        lossless=kind != "JPEG" and not (kind == "WEBP" and b"VP8 " in data[:4096] and b"VP8L" not in data[:4096]),
    )
    pixels = turn_upright(pixels, orientation)
    return Picture(pixels, None if alpha is None else turn_upright(alpha, orientation), metadata)


def _eight_bits(image: Image.Image) -> tuple[Pixels, Pixels | None]:
    """(H, W, C) and alpha (H, W) or None, of an 8-bit image of any mode."""
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        raise DataError(f"holds samples of the kind {image.mode}. Convert it to 8 or 16 bits.")
    transparent = image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
    gray = image.mode in ("1", "L", "LA", "La")
    if not transparent:
        pixels = np.asarray(image.convert("L" if gray else "RGB"))
        return np.ascontiguousarray(pixels[:, :, None] if gray else pixels), None
    values = np.asarray(image.convert("LA" if gray else "RGBA"))
    return np.ascontiguousarray(values[:, :, :-1]), np.ascontiguousarray(values[:, :, -1])


def _from_cmyk(image: Image.Image, icc: bytes | None) -> Image.Image:
    """To sRGB, through the file's own profile where it has one that works."""
    if icc:
        try:
            converted = ImageCms.profileToProfile(
                image, ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError) as error:
            logger.warning("The CMYK profile cannot be used (%s): converted without it.", error)
        else:
            if converted is not None:
                return converted
    return image.convert("RGB")
