"""The training pictures of a recipe: which files, and what keeps them decoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from restore.data.cache import DecodedPictures, PictureCache
from restore.data.disk_cache import DiskCache
from restore.data.samples import SamplePictures
from restore.errors import DataError
from restore.images import find_pictures

CacheKind = Literal["disk", "memory", "none"]
"""Where decoded pictures are kept."""

_GIGABYTES = {"disk": 32.0, "memory": 2.0, "none": 0.0}


def opener(
    kind: CacheKind,
    image_channels: int,
    halve_above: int | None = None,
    gigabytes: float | None = None,
    folder: str | None = None,
) -> Callable[[list[Path]], DecodedPictures]:
    """What opens pictures of a recipe.

    Args:
        kind: "disk" is a `DiskCache`, "memory" a `PictureCache`, "none" decodes a picture for every patch.
        image_channels: 1 (gray) or 3 (RGB).
        halve_above: see `DecodedPictures`.
        gigabytes: of the cache; None is 32 on the disk, 2 in the memory of each loading process.
        folder: of the cache on the disk; None is `cache_folder()`.
    """
    room = _GIGABYTES[kind] if gigabytes is None or kind == "none" else gigabytes
    if kind == "disk":
        place = None if folder is None else Path(folder)
        return lambda paths: DiskCache(paths, image_channels, room, halve_above, place)
    return lambda paths: PictureCache(paths, image_channels, room, halve_above)


def training_pictures(roots: Sequence[str] | None) -> list[Path]:
    """The pictures of all `roots`; None takes the built-in photographs.

    Raises:
        DataError: a folder does not exist, or holds no picture.
    """
    if roots is None:
        return SamplePictures("train").paths
    return [path for root in roots for path in pictures_in(root)]


def pictures_in(folder: str) -> list[Path]:
    """The pictures of a folder.

    Raises:
        DataError: it does not exist, or holds no picture.
    """
    if not Path(folder).is_dir():
        raise DataError(f"There is no folder {folder}. Check --data.root and the sets in the recipe.")
    paths = find_pictures(Path(folder))
    if not paths:
        raise DataError(f"{folder} holds no picture (png, jpg, tif, webp, bmp). Name a folder that does.")
    return paths
