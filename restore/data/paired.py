"""Random patches of pairs, degraded and clean, for training on real noise and the like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from restore.data.cache import DecodedPictures, PictureCache
from restore.data.layouts import find_pairs
from restore.data.patches import Augment, Chances, draw_place
from restore.data.whole import check_sizes
from restore.errors import ConfigError, DataError
from restore.images import to_planes


class PairedPatches(Dataset[dict[str, Any]]):
    """Aligned random crops of pairs, both halves flipped and turned alike; a patch is a function of its number.

    Args:
        pairs: (degraded, target) files.
        size: side of a patch in degraded pixels.
        augment: flips and turns, called with each half of the patch and one seed.
        image_channels: 1 (gray) or 3 (RGB).
        scale: how many times larger the target is.
        seed: of the whole stream.
        open_pictures: what decodes the files and keeps them, called with all of them; None is a `PictureCache`.

    Raises:
        DataError: no picture holds one patch; when a pair is read, that it is broken, or that its sizes do not belong
            together.
    """

    def __init__(
        self,
        pairs: Sequence[tuple[Path, Path]],
        size: int,
        augment: Augment,
        image_channels: int = 3,
        scale: int = 1,
        seed: int = 0,
        open_pictures: Callable[[list[Path]], DecodedPictures] | None = None,
    ) -> None:
        paths = [one for one, _ in pairs] + [other for _, other in pairs]
        self.pictures = PictureCache(paths, image_channels) if open_pictures is None else open_pictures(paths)
        self.pairs = list(pairs)
        self.size = size
        self.augment = augment
        self.scale = scale
        self.chances = Chances(seed)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Patch `index` of the endless stream: degraded (C, s, s) and target (C, S, S) uint8, its name and number."""
        chance = self.chances(index)
        which, top, left = draw_place(chance, self.pictures, self.size, among=len(self.pairs))
        degraded, target = self.pictures[which], self.pictures[which + len(self.pairs)]
        check_sizes(self.pairs[which], degraded, target, self.scale)
        turn = int(next(chance) * 2**32)
        return {
            "degraded": self._cut(degraded, top, left, 1, turn),
            "target": self._cut(target, top, left, self.scale, turn),
            "name": self.pairs[which][0].name,
            "index": index,
        }

    def _cut(self, pixels: np.ndarray, top: int, left: int, scale: int, turn: int) -> torch.Tensor:
        rows, columns = (slice(scale * start, scale * (start + self.size)) for start in (top, left))
        return to_planes(self.augment(pixels[rows, columns], turn))  # (C, S, S)


def training_pairs(
    roots: Sequence[str] | None, halve_above: int | None = None, scale: int = 1
) -> list[tuple[Path, Path]]:
    """The pairs of all `roots`, or [] where they hold clean pictures alone.

    Args:
        roots: folders; one that does not exist makes it [] too.
        halve_above: of the recipe; pairs must not be shrunk.
        scale: how many times larger the targets are.

    Raises:
        DataError: some hold pairs and others do not, or a picture has no partner.
        ConfigError: there are pairs, and `halve_above` is set.
    """
    folders = [Path(root) for root in roots or []]
    if not all(folder.is_dir() for folder in folders):
        return []  # whoever looks for clean pictures next says which is missing
    found = [find_pairs(folder, scale) for folder in folders]
    alone = [folder for folder, pairs in zip(folders, found, strict=True) if not pairs]
    if alone and len(alone) < len(found):
        paired = next(folder for folder in folders if folder not in alone)
        raise DataError(
            f"{paired} holds pairs and {alone[0]} does not; a run is trained on one or the other. "
            "Take one of them out of data.init_args.root."
        )
    if any(found) and halve_above is not None:
        raise ConfigError("data.init_args.halve_above would average the noise of pairs away. Leave it out.")
    return [pair for pairs in found for pair in pairs]
