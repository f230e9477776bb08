"""Random patches for training: patch number i is the same for any number of workers and ranks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

from restore.data.cache import DecodedPictures
from restore.errors import DataError
from restore.images import to_planes
from restore.types import Batch

Augment = Callable[[np.ndarray, int], np.ndarray]

_TOGETHER = 256
"""Patches whose numbers are drawn at once; part of what a seed means."""


class Patches(Dataset[dict[str, Any]]):
    """Aligned random crops with a margin, flipped and turned.

    A patch covers `size` degraded pixels a side (`size * scale` clean ones) and a margin of `margin` degraded
    pixels around them, so that degrading the patch and cropping the margin gives what degrading the whole
    picture would. Where the margin leaves the picture it is filled as the degradation itself fills it.

    Args:
        pictures: where the clean pictures are.
        size: side of a patch in degraded pixels.
        scale: clean pixels a degraded pixel.
        margin: degraded pixels around the patch.
        border: how the margin outside the picture is filled, "symmetric" or "edge".
        augment: flips and turns, called with the patch and a seed.
        seed: of the whole stream.

    Raises:
        DataError: no picture holds one patch; when a picture is read, that it is broken.
    """

    def __init__(
        self,
        pictures: DecodedPictures,
        size: int,
        augment: Augment,
        scale: int = 1,
        margin: int = 0,
        border: Literal["symmetric", "edge"] = "symmetric",
        seed: int = 0,
    ) -> None:
        self.pictures = pictures
        self.size = size
        self.scale = scale
        self.margin = margin
        self.border = border
        self.augment = augment
        self.chances = Chances(seed)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Patch `index` of the endless stream: target (C, S, S) uint8, its name and its number."""
        patch, name = self._view(index)
        return {"target": to_planes(patch), "name": name, "index": index}

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        """A batch of patches, laid straight where the batch lies: PyTorch's loaders ask for it."""
        side = (self.size + 2 * self.margin) * self.scale
        target = torch.empty((len(indices), self.pictures.image_channels, side, side), dtype=torch.uint8)
        names = []
        for place, index in zip(target, indices, strict=True):
            patch, name = self._view(index)
            to_planes(patch, place)
            names.append(name)
        return {"target": target, "name": names, "index": torch.tensor(indices)}

    def _view(self, index: int) -> tuple[np.ndarray, str]:
        """Patch (S, S, C) and its name."""
        chance = self.chances(index)
        which, top, left = draw_place(chance, self.pictures, self.size, self.scale)
        pixels = self.pictures[which]
        patch = cut_window(pixels, top, left, self.size, self.scale, self.margin, self.border)  # (S, S, C)
        return self.augment(patch, int(next(chance) * 2**32)), self.pictures.paths[which].name


class Chances:
    """Random numbers in [0, 1) for each patch of a stream: a function of the stream's seed and the patch's number.

    Seeding a generator for every patch costs more than cutting a small one, so the first four numbers, which is what a
    patch takes unless pictures are smaller than it, are drawn for many patches at once.

    Args:
        seed: of the stream.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._block = -1
        self._drawn = np.empty(0)

    def __call__(self, index: int) -> Iterator[float]:
        """Endless numbers for patch `index`."""
        block, row = divmod(index, _TOGETHER)
        if block != self._block:
            self._drawn = np.random.default_rng((self.seed, block)).random((_TOGETHER, 4))
            self._block = block
        yield from self._drawn[row].tolist()
        rng = np.random.default_rng((self.seed, block, row + 1))  # a seed ending in 0 is the seed without it
        while True:
            yield rng.random()


def draw_place(
    chance: Iterator[float], pictures: DecodedPictures, size: int, scale: int = 1, among: int | None = None
) -> tuple[int, int, int]:
    """Number of a random picture that holds a patch, and the patch's top and left in pixels `scale` times larger.

    Args:
        chance: numbers in [0, 1).
        pictures: to choose from.
        size: side of the patch in those larger pixels.
        scale: the pictures' own pixels a larger one.
        among: only the first so many pictures; None is all.

    Raises:
        DataError: no picture that was tried holds one patch.
    """
    for _ in range(100):  # a few small pictures may be among large ones
        which = int(next(chance) * (among or len(pictures)))
        height, width = pictures[which].shape[:2]
        rows, columns = height // scale - size, width // scale - size
        if rows >= 0 and columns >= 0:
            return which, int(next(chance) * (rows + 1)), int(next(chance) * (columns + 1))
    raise DataError(
        f"No picture that was tried holds a patch of {size * scale}x{size * scale} pixels; the last was "
        f"{pictures.paths[which]} ({width}x{height}). Set a smaller data.init_args.patch_size."
    )


def cut_window(
    pixels: np.ndarray, top: int, left: int, size: int, scale: int, margin: int, border: Literal["symmetric", "edge"]
) -> np.ndarray:
    """Cut (size + 2 * margin) * scale pixels a side; `top` and `left` are in degraded pixels."""
    whole = pixels[: pixels.shape[0] // scale * scale, : pixels.shape[1] // scale * scale]
    y0, x0 = (top - margin) * scale, (left - margin) * scale
    y1, x1 = (top + size + margin) * scale, (left + size + margin) * scale
    height, width = whole.shape[:2]
    inside = whole[max(y0, 0) : min(y1, height), max(x0, 0) : min(x1, width)]
    if inside.shape[:2] == (y1 - y0, x1 - x0):
        return inside  # (S, S, C)
    outside = ((max(-y0, 0), max(y1 - height, 0)), (max(-x0, 0), max(x1 - width, 0)), (0, 0))
    return np.pad(inside, outside, mode=border)  # (S, S, C)


class PatchSampler(Sampler[int]):
    """Numbers of the patches of one epoch, split over the ranks.

    Args:
        patches_per_epoch: how many patches all ranks see together in an epoch.
        rank: of this process.
        world: how many processes; must divide the patches of an epoch, or the rest is dropped.
    """

    def __init__(self, patches_per_epoch: int, rank: int = 0, world: int = 1) -> None:
        self.patches_per_epoch = patches_per_epoch
        self.rank = rank
        self.world = world
        self.epoch = 0
        self.skip = 0

    def skip_once(self, patches: int) -> None:
        """Leave out the first `patches` (of all ranks together) of the next epoch: a resumed run has seen them."""
        self.skip = patches

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next; Lightning calls it."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.patches_per_epoch // self.world

    def __iter__(self) -> Iterator[int]:
        first = self.epoch * self.patches_per_epoch
        skipped, self.skip = self.skip, 0
        return iter(range(first + skipped + self.rank, first + len(self) * self.world, self.world))


class EvaluationSampler(Sampler[int]):
    """Numbers of whole pictures, split over the ranks without repeating any: a picture that is met twice counts twice.

    Args:
        pictures: how many there are.
        rank: of this process.
        world: how many processes.

    Raises:
        DataError: a process would get none, and the others would wait for it.
    """

    def __init__(self, pictures: int, rank: int, world: int) -> None:
        if pictures < world:
            raise DataError(
                f"A set of {pictures} pictures cannot be split over {world} processes. "
                "Add pictures, or evaluate with fewer devices."
            )
        self.numbers = range(rank, pictures, world)

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers)


def collate(items: Sequence[dict[str, Any]] | Batch) -> Batch:
    """Items of a data set -> one batch; what is a batch already stays as it is."""
    if isinstance(items, dict):
        return items
    batch: Batch = {
        "target": torch.stack([item["target"] for item in items]),  # (N, C, H, W)
        "name": [item["name"] for item in items],
        "index": torch.tensor([item["index"] for item in items]),
    }
    if "degraded" in items[0]:
        batch["degraded"] = torch.stack([item["degraded"] for item in items])  # (N, C, h, w)
    return batch
