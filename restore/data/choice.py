"""Which of the pictures that were found are used: of one side of a split, and without broken files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from restore.data.broken import without_broken
from restore.data.darmstadt import refuse_targets
from restore.data.layouts import find_pairs
from restore.data.paired import training_pairs
from restore.data.samples import SamplePictures
from restore.data.splits import Item, Split
from restore.data.whole import CleanPictures, PairedPictures
from restore.errors import ConfigError, DataError
from restore.images import find_pictures

HELD_OUT = "held_out"
"""The name of the set that a split holds out."""


@dataclass(frozen=True)
class Choice:
    """What is used of the pictures, or pairs, of a folder."""

    split: Split | None = None
    skip_broken: bool = False

    def readable(self, items: list[Item]) -> list[Item]:
        """All, or those that can be read where broken files are skipped."""
        return without_broken(items) if self.skip_broken else items

    def training(self, items: list[Item]) -> list[Item]:
        """Those to train on."""
        kept = self.readable(items)
        return self.split.training(kept) if self.split else kept


@dataclass(frozen=True)
class WholeForm:
    """How whole pictures are read."""

    image_channels: int
    scale: int
    crop: int | None
    limit: int | None


def whole_pictures(folder: str, form: WholeForm, choice: Choice) -> CleanPictures | PairedPictures:
    """The pictures, or pairs, of a folder to evaluate on.

    Raises:
        DataError: it does not exist, or holds no picture.
    """
    pairs = choice.readable(find_pairs(Path(folder), form.scale)) if Path(folder).is_dir() else []
    return _opened(pairs or choice.readable(pictures_in(folder)), form)


def held_out_pictures(roots: Sequence[str] | None, form: WholeForm, choice: Choice) -> CleanPictures | PairedPictures:
    """What `choice` holds out of the training pictures; without a split the built-in photographs for validation.

    Raises:
        DataError: nothing is held out, or a folder holds no picture.
        ConfigError: there is a split and no `roots`.
    """
    if choice.split is None:
        return _opened(SamplePictures("validation").paths, form)
    if roots is None:
        raise ConfigError("data.init_args.split divides the pictures of data.init_args.root: set that as well.")
    pairs = choice.readable(training_pairs(roots, scale=form.scale))
    if pairs:
        return _opened(choice.split.held_out(pairs), form)
    return _opened(choice.split.held_out(choice.readable(training_pictures(roots))), form)


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
        refuse_targets(Path(folder), paths)
        raise DataError(f"{folder} holds no picture (png, jpg, tif, webp, bmp, gif). Name a folder that does.")
    return paths


def _opened(items: list[Path] | list[tuple[Path, Path]], form: WholeForm) -> CleanPictures | PairedPictures:
    pictures = [item for item in items if isinstance(item, Path)][: form.limit]
    pairs = [item for item in items if isinstance(item, tuple)][: form.limit]
    if pairs:
        return PairedPictures(pairs, form.image_channels, form.scale, form.crop)
    return CleanPictures(pictures, form.image_channels, form.scale, form.crop)
