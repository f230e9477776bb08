"""Random patches for training: patch number i is the same for any number of workers and ranks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

from restore.data.cache import DecodedPictures
from restore.errors import DataError
from restore.types import Batch

Augment = Callable[[np.ndarray, int], np.ndarray]


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
        self.seed = seed

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Patch `index` of the endless stream: target (C, S, S) uint8, its name and its number."""
        rng = np.random.default_rng((self.seed, index))
        which, top, left = draw_place(rng, self.pictures, self.size, self.scale)
        pixels = self.pictures[which]
        patch = cut_window(pixels, top, left, self.size, self.scale, self.margin, self.border)  # (S, S, C)
        patch = self.augment(patch, int(rng.integers(2**32)))
        target = torch.from_numpy(np.ascontiguousarray(patch.transpose(2, 0, 1)))  # (C, S, S)
        return {"target": target, "name": self.pictures.paths[which].name, "index": index}


def draw_place(
    rng: np.random.Generator, pictures: DecodedPictures, size: int, scale: int = 1, among: int | None = None
) -> tuple[int, int, int]:
    """Number of a random picture that holds a patch, and the patch's top and left in pixels `scale` times larger.

    Args:
        rng: where chance comes from.
        pictures: to choose from.
        size: side of the patch in those larger pixels.
        scale: the pictures' own pixels a larger one.
        among: only the first so many pictures; None is all.

    Raises:
        DataError: no picture that was tried holds one patch.
    """
    for _ in range(100):  # a few small pictures may be among large ones
        which = int(rng.integers(among or len(pictures)))
        height, width = pictures[which].shape[:2]
        rows, columns = height // scale - size, width // scale - size
        if rows >= 0 and columns >= 0:
            return which, int(rng.integers(rows + 1)), int(rng.integers(columns + 1))
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
    outside = ((max(-y0, 0), max(y1 - height, 0)), (max(-x0, 0), max(x1 - width, 0)), (0, 0))
    return np.pad(inside, outside, mode=border) if np.any(outside) else inside  # (S, S, C)


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


def collate(items: Sequence[dict[str, Any]]) -> Batch:
    """Items of a data set -> one batch."""
    batch: Batch = {
        "target": torch.stack([item["target"] for item in items]),  # (N, C, H, W)
        "name": [item["name"] for item in items],
        "index": torch.tensor([item["index"] for item in items]),
    }
    if "degraded" in items[0]:
        batch["degraded"] = torch.stack([item["degraded"] for item in items])  # (N, C, h, w)
    return batch
