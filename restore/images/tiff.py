"""TIFF with 8 or 16 bits or floats, with EXIF and ICC, in one road for all of them.

Format: Adobe, "TIFF 6.0", sections 2, 14 (predictor) and 18 (associated alpha); Pillow lays out the directory.
"""

from __future__ import annotations

import io
import zlib

import numpy as np
from PIL import ExifTags, Image, TiffImagePlugin, TiffTags

from restore.images.picture import Picture, Pixels

_STRIP_BYTES = 2**20
"""Pixels before compression in one strip, about."""


def encode_tiff(picture: Picture) -> bytes:
    """A TIFF file in the picture's own depth, compressed without loss (Deflate)."""
    samples = picture.pixels if picture.alpha is None else np.dstack([picture.pixels, picture.alpha])
    height, width, count = samples.shape
    rows = max(1, _STRIP_BYTES // (width * count * samples.itemsize))
    integer = samples.dtype.kind == "u"
    strips = [_compressed(samples[top : top + rows], integer) for top in range(0, height, rows)]

    directory = TiffImagePlugin.ImageFileDirectory_v2()  # little-endian
    if picture.metadata.exif:
        _carry_exif(picture.metadata.exif, directory)
    directory[TiffImagePlugin.IMAGEWIDTH] = width
    directory[TiffImagePlugin.IMAGELENGTH] = height
    directory[TiffImagePlugin.BITSPERSAMPLE] = (8 * samples.itemsize,) * count
    directory[TiffImagePlugin.SAMPLEFORMAT] = (1 if integer else 3,) * count
    directory[TiffImagePlugin.SAMPLESPERPIXEL] = count
    directory[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] = 2 if picture.pixels.shape[2] == 3 else 1
    directory[TiffImagePlugin.PLANAR_CONFIGURATION] = 1
    directory[TiffImagePlugin.COMPRESSION] = 8
    directory[TiffImagePlugin.ROWSPERSTRIP] = rows
    if integer:
        directory[TiffImagePlugin.PREDICTOR] = 2
    if picture.alpha is not None:
        directory[TiffImagePlugin.EXTRASAMPLES] = 2  # alpha that the colours are not multiplied by
    if picture.metadata.icc:
        directory[TiffImagePlugin.ICCPROFILE] = picture.metadata.icc
        directory.tagtype[TiffImagePlugin.ICCPROFILE] = TiffTags.UNDEFINED
    sizes = [len(strip) for strip in strips]
    for tag, values in (
        (TiffImagePlugin.STRIPBYTECOUNTS, sizes),
        (TiffImagePlugin.STRIPOFFSETS, np.cumsum([0, *sizes[:-1]]).tolist()),  # Pillow adds the directory's length
    ):
        directory.tagtype[tag] = TiffTags.LONG
        directory[tag] = tuple(values)
    file = io.BytesIO()
    directory.save(file)
    return file.getvalue() + b"".join(strips)


def _compressed(rows: Pixels, integer: bool) -> bytes:
    """One strip; of integers the differences between neighbours, which Deflate makes smaller."""
    little = rows.astype(rows.dtype.newbyteorder("<"))
    if integer:
        little[:, 1:] -= little[:, :-1].copy()
    return zlib.compress(little.tobytes(), 6)


def _carry_exif(block: bytes, directory: TiffImagePlugin.ImageFileDirectory_v2) -> None:
    exif = Image.Exif()
    exif.load(block)
    for tag, value in exif.items():
        if tag in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
            directory[tag] = exif.get_ifd(tag)
        elif tag in TiffTags.TAGS_V2:
            directory[tag] = value
