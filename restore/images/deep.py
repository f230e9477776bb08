"""What Pillow would cut to 8 bits: PNG with 16 bits (OpenCV decodes it), TIFF with 16 bits or floats (tifffile)."""

from __future__ import annotations

import io

import cv2
import numpy as np
import tifffile
from PIL import Image

from restore.errors import DataError
from restore.images.metadata import read_exif, turn_upright
from restore.images.picture import Metadata, Picture, Pixels

_GRAY = (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.MINISWHITE)


def bits_a_sample(image: Image.Image) -> int:
    """The bits of a TIFF's widest sample; Pillow's mode does not tell."""
    bits = image.tag_v2.get(258, (1,))  # type: ignore[attr-defined]
    return max(bits) if isinstance(bits, tuple) else int(bits)


def read_deep_png(data: bytes) -> tuple[Pixels, Pixels | None]:
    """(H, W, C) and alpha (H, W) or None, uint16."""
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.dtype != np.uint16:
        raise DataError("holds 16 bits a channel but cannot be decoded. Save it again.")
    if decoded.ndim == 2:
        return decoded[:, :, None], None  # (H, W, 1)
    alpha = np.ascontiguousarray(decoded[:, :, 3]) if decoded.shape[2] == 4 else None
    gray = data[25] in (0, 4)  # colour type of the header
    pixels = decoded[:, :, :1] if gray else decoded[:, :, 2::-1]  # BGR -> RGB
    return np.ascontiguousarray(pixels), alpha


def read_deep_tiff(data: bytes, max_pixels: int, image: Image.Image | None = None) -> Picture:
    """A TIFF's first page in its own depth; `image` is Pillow's view of it, where it has one, for the metadata."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        width, height = page.imagewidth, page.imagelength
        if width * height > max_pixels:
            raise DataError(f"says that it is {width} x {height}; the limit is {max_pixels / 1e6:.0f} megapixels.")
        if page.photometric not in (*_GRAY, tifffile.PHOTOMETRIC.RGB) or page.axes not in ("YX", "YXS", "SYX"):
            kind = getattr(page.photometric, "name", page.photometric)
            raise DataError(f"is a TIFF of the kind {kind} {page.axes}. Convert it to gray or RGB.")
        values = _samples(page, data)
        icc = page.tags.valueof(34675)
        turned = page.tags.valueof(274, 1)
    if values.ndim == 2:
        values = values[:, :, None]  # (H, W, 1)
    colours = 1 if page.photometric in _GRAY else 3
    if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
        values[:, :, 0] = (np.iinfo(values.dtype).max if values.dtype.kind == "u" else 1) - values[:, :, 0]
    alpha = values[:, :, colours] if values.shape[2] > colours else None
    exif, orientation = read_exif(image) if image is not None else (None, int(turned))
    metadata = Metadata(format="TIFF", exif=exif, icc=bytes(icc) if icc else None)
    pixels = turn_upright(values[:, :, :colours], orientation)
    return Picture(pixels, None if alpha is None else turn_upright(alpha, orientation), metadata)


def _samples(page: tifffile.TiffPage, data: bytes) -> Pixels:
    """(H, W) or (H, W, S) in uint8, uint16 or float32."""
    try:
        values = page.asarray()
        if page.axes == "SYX":
            values = np.moveaxis(values, 0, -1)  # (H, W, S)
    except (KeyError, ValueError) as error:  # a compression that tifffile leaves to an optional package
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if decoded is None:
            raise DataError(f"cannot be decoded ({error}). Save it without compression.") from error
        values = decoded
        if values.ndim == 3:
            values = values[:, :, [2, 1, 0, 3][: values.shape[2]]]  # BGR -> RGB
    if values.dtype.kind == "f":
        values = values.astype(np.float32)
        if not np.isfinite(values).all():
            raise DataError("holds values that are not numbers. Replace them.")
    if values.dtype not in (np.uint8, np.uint16, np.float32):
        raise DataError(f"holds {values.dtype} samples. Convert it to 8 or 16 bits, or to floats in [0, 1].")
    return values.copy()
