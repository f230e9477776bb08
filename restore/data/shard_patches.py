"""Random patches out of shards: of data that is larger than the disk, or lies elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from torch.utils.data import Dataset

from restore.data.cache import decode_training
from restore.data.lanes import Lanes, Reading
from restore.data.patches import Augment, cut_window
from restore.data.shards import ShardIndex, read_shard
from restore.data.whole import check_sizes
from restore.errors import DataError
from restore.images import to_planes


@dataclass(frozen=True)
class PatchForm:
    """What a training patch is like."""

    size: int
    """Side in degraded pixels."""
    augment: Augment
    """Flips and turns, called with the patch and a seed."""
    image_channels: int = 3
    """1 (gray) or 3 (RGB)."""
    scale: int = 1
    """Clean pixels a degraded pixel."""
    margin: int = 0
    """Degraded pixels around the patch; not of pairs."""
    border: Literal["symmetric", "edge"] = "symmetric"
    """How the margin outside the picture is filled."""
    halve_above: int | None = None
    """See `DecodedPictures`."""
    seed: int = 0
    """Of the whole stream."""


class ShardPatches(Dataset[dict[str, Any]]):
    """Random crops of the pictures, or pairs, of shards; patch i is the same whenever it is asked for.

    Every loading process reads shards of its own (`Lanes`), each picture once a pass, and cuts several patches from it.
    So the order depends on how many processes there are, unlike that of `Patches`; for one number of them it is exact,
    and a run goes on at the very patch. A picture that is smaller than a patch is continued by its mirror image.

    Args:
        index: of the shards.
        form: of a patch.
        reading: how the run asks for patches.
        patches_per_picture: how many are cut from a picture each time it is decoded.

    Raises:
        DataError: there are fewer shards than loading processes; when they are read, that a shard or picture is broken.
    """

    def __init__(self, index: ShardIndex, form: PatchForm, reading: Reading, patches_per_picture: int = 8) -> None:
        self.index = index
        self.form = form
        self.lanes = Lanes(index, reading, patches_per_picture, form.seed)
        self._lane = -1
        self._next = 0
        self._reader: Iterator[dict[str, Any]] = iter(())
        self._held: dict[int, list[dict[str, Any]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_lane": -1, "_reader": iter(()), "_held": {}}

    def __getitem__(self, number: int) -> dict[str, Any]:
        """Patch `number`: target (C, S, S) uint8, its name and number; of pairs the degraded (C, s, s) too."""
        lane, slot = self.lanes.slot(number)
        picture, column = self.lanes.picture(slot)
        oldest = self.lanes.oldest(slot)
        if lane != self._lane or (picture not in self._held and picture < self._next):
            self._lane, self._next, self._held = lane, oldest, {}
            self._reader = self._samples(lane, oldest)
        for old in [held for held in self._held if held < oldest]:
            del self._held[old]
        while self._next <= picture:
            sample = next(self._reader)
            if self._next >= oldest:
                self._held[self._next] = self._cut(sample, lane, self._next)
            self._next += 1
        return self._held[picture][column] | {"index": number}

    def _samples(self, lane: int, picture: int) -> Iterator[dict[str, Any]]:
        """The samples of a lane from `picture` on, without end."""
        while True:
            shard, first = self.lanes.place(lane, picture)
            for sample in read_shard(self.index, shard, first):
                picture += 1
                yield sample

    def _cut(self, sample: dict[str, Any], lane: int, picture: int) -> list[dict[str, Any]]:
        """All patches of one picture."""
        files = {ending: content for ending, content in sample.items() if not ending.startswith("__")}
        paths = {ending: Path(f"{sample['__url__']}:{sample['__key__']}.{ending}") for ending in files}
        form = self.form
        if self.index.kind == "clean":
            ((ending, content),) = files.items()
            halves = {"target": decode_training(content, paths[ending], form.image_channels, form.halve_above)}
        else:
            halves = {
                ending.split(".")[0]: decode_training(content, paths[ending], form.image_channels, None)
                for ending, content in files.items()
            }
            if set(halves) != {"degraded", "target"}:
                raise DataError(f"{paths.popitem()[1]} is no pair: it has {', '.join(halves)}. Pack the pictures anew.")
            check_sizes((paths[min(paths)], paths[max(paths)]), halves["degraded"], halves["target"], form.scale)
        halves = {half: _at_least(pixels, form.size * self._scale(half)) for half, pixels in halves.items()}
        name = f"{sample['__key__']}.{min(files).split('.')[-1]}"
        return [self._patch(halves, name, (lane, picture, one)) for one in range(self.lanes.patches_per_picture)]

    def _patch(self, halves: dict[str, np.ndarray], name: str, place: tuple[int, int, int]) -> dict[str, Any]:
        rng = np.random.default_rng((self.form.seed, *place))
        form, (height, width) = self.form, halves["target"].shape[:2]
        top = int(rng.integers(height // form.scale - form.size + 1))
        left = int(rng.integers(width // form.scale - form.size + 1))
        turn = int(rng.integers(2**32))
        patch: dict[str, Any] = {"name": name}
        margin = form.margin if len(halves) == 1 else 0
        for half, pixels in halves.items():
            window = cut_window(pixels, top, left, form.size, self._scale(half), margin, form.border)
            patch[half] = to_planes(form.augment(window, turn))  # (C, S, S)
        return patch

    def _scale(self, half: str) -> int:
        return self.form.scale if half == "target" else 1


def _at_least(pixels: np.ndarray, side: int) -> np.ndarray:
    missing = [max(side - length, 0) for length in pixels.shape[:2]]
    return np.pad(pixels, [(0, missing[0]), (0, missing[1]), (0, 0)], mode="symmetric") if any(missing) else pixels
