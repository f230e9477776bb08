"""What a folder's files are, each read once: size, kind, damage, compression, and what is needed to find copies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from restore.data.manifest import Entry, pixel_hash
from restore.data.perceptual_hash import Fingerprint, fingerprint
from restore.errors import DataError
from restore.images import (
    Features,
    JpegGrid,
    former_quality,
    jpeg_grid,
    jpeg_quality,
    local_features,
    read_picture,
    to_eight_bits,
)

_BITS = {np.dtype(np.uint8): "8 bit", np.dtype(np.uint16): "16 bit", np.dtype(np.float32): "float"}


@dataclass(frozen=True, eq=False)
class Surveyed:
    """A file that could be read."""

    path: Path
    entry: Entry
    """Its size and the hash of its pixels."""
    kind: str
    """As in "RGB 8 bit"."""
    format: str
    """As in "PNG"."""
    jpeg_quality: int | None
    """1 to 100; None for what is no JPEG file."""
    jpeg_grid: JpegGrid | None
    """Of the JPEG that a lossless file once was; None where no grid is seen."""
    former_quality: int | None
    """Of that JPEG, 1 to 100; None where no table explains it."""
    print: Fingerprint
    corners: tuple[Features, Features] | None
    """Of the picture and of its mirror image; None where they were not asked for."""


@dataclass(frozen=True)
class Broken:
    """A file that could not be read."""

    path: Path
    reason: str


def survey(paths: Sequence[Path], corners: bool = False, threads: int = 4) -> Iterator[Surveyed | Broken]:
    """Read every picture; one that cannot be read is told as `Broken` and the rest go on.

    Args:
        paths: the files; the results come in their order.
        corners: whether to look for corners, which takes most of the time.
        threads: how many are read at a time.
    """
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(lambda path: _look(path, corners), paths)


def _look(path: Path, corners: bool) -> Surveyed | Broken:
    try:
        picture = read_picture(path)
    except DataError as error:
        return Broken(path, str(error))
    pixels = to_eight_bits(picture.pixels)
    height, width, channels = pixels.shape
    words = ["RGB" if channels == 3 else "gray", _BITS[picture.pixels.dtype]]
    if picture.alpha is not None:
        words.append("with alpha")
    grid = jpeg_grid(pixels) if picture.metadata.lossless else None
    return Surveyed(
        path=path,
        entry=Entry(path.stem, width, height, channels, pixel_hash(pixels)),
        kind=" ".join(words),
        format=picture.metadata.format,
        jpeg_quality=jpeg_quality(path) if picture.metadata.format == "JPEG" else None,
        jpeg_grid=grid,
        former_quality=None if grid is None else former_quality(pixels, grid),
        print=fingerprint(pixels),
        corners=(local_features(pixels), local_features(pixels[:, ::-1])) if corners else None,
    )
