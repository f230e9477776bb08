"""The training pictures of a recipe: which files, and what keeps them decoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from restore.data.cache import DecodedPictures, PictureCache
from restore.data.choice import Choice, training_pictures
from restore.data.disk_cache import DiskCache
from restore.data.lanes import Reading
from restore.data.paired import PairedPatches, training_pairs
from restore.data.patches import Patches
from restore.data.shard_patches import PatchForm, ShardPatches
from restore.data.shards import ShardIndex, is_shards, read_index
from restore.errors import ConfigError

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


def training_patches(
    roots: Sequence[str] | None,
    form: PatchForm,
    open_pictures: Callable[[list[Path]], DecodedPictures],
    reading: Reading,
    patches_per_picture: int,
    choice: Choice,
) -> Patches | PairedPatches | ShardPatches:
    """The patches of a recipe: of shards where `roots` names some, of pairs where it holds some, else of pictures.

    Raises:
        DataError, ConfigError: as `check_roots`; there are fewer shards than loading processes.
    """
    if roots is not None and any(map(is_shards, roots)):
        return ShardPatches(_index(roots, choice), form, reading, patches_per_picture)
    pairs = choice.training(training_pairs(roots, form.halve_above, form.scale))
    if pairs:
        channels, scale, seed = form.image_channels, form.scale, form.seed
        return PairedPatches(pairs, form.size, form.augment, channels, scale, seed, open_pictures)
    return Patches(
        open_pictures(choice.training(training_pictures(roots))),
        form.size,
        form.augment,
        form.scale,
        form.margin,
        form.border,
        form.seed,
    )


def check_roots(roots: Sequence[str] | None, halve_above: int | None, scale: int, choice: Choice) -> None:
    """Look the training pictures up.

    Raises:
        DataError: a folder does not exist, or holds no picture; pairs are not whole, or among others; an index of
            shards cannot be read.
        ConfigError: shards are among other roots; pairs would be halved.
    """
    if roots is not None and any(map(is_shards, roots)):
        if _index(roots, choice).kind == "pairs" and halve_above is not None:
            raise ConfigError("data.init_args.halve_above would average the noise of pairs away. Leave it out.")
    elif not choice.training(training_pairs(roots, halve_above, scale)):
        choice.training(training_pictures(roots))


def _index(roots: Sequence[str], choice: Choice) -> ShardIndex:
    if choice.split is not None:
        raise ConfigError("data.init_args.split divides folders of pictures, not shards. Pack each side of its own.")
    if len(roots) > 1:
        raise ConfigError(
            f"data.init_args.root names shards among {len(roots)} roots. Name one alone; pack all pictures together."
        )
    return read_index(roots[0])
