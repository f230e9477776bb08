"""Which picture of which shard a patch is cut from: arithmetic alone, so that a run can go on anywhere.

Every loading process reads a *lane*: shards of its own, one after the other, from front to back. With R processes and
W workers there are R x W lanes; lane l has the shards l, l + R x W, ... A pass over a lane meets each of its pictures
once; the order of its shards is drawn anew for each pass.

Each picture is decoded once a pass and gives k patches. They are not used in a row: patch c of a picture comes c x d
pictures after its first (a convolutional interleaver: G. D. Forney, "Burst-Correcting Codes for the Classic Bursty
Channel", IEEE Trans. Communications 1971), so that a batch holds patches of different pictures while each step decodes
an equal share, and memory holds the patches of k x d pictures at most. Only the first of these in a run give fewer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from restore.data.shards import ShardIndex
from restore.errors import DataError

DISTANCE = 4
"""d: pictures between two patches of one picture."""


@dataclass(frozen=True)
class Reading:
    """How a run asks for patches."""

    patches_per_epoch: int
    """Of all processes together."""
    batch_size: int
    """Of one process."""
    world: int = 1
    """Processes of the run."""
    workers: int = 0
    """Loading processes of each; 0 loads in the process itself."""


@dataclass(frozen=True)
class Lanes:
    """Where every patch of the stream lies.

    Raises:
        DataError: there are fewer shards than lanes.
    """

    index: ShardIndex
    reading: Reading
    patches_per_picture: int
    seed: int

    def __post_init__(self) -> None:
        if len(self.index.shards) < self.count:
            raise DataError(
                f"{self.index.root} holds {len(self.index.shards)} shards, and this run reads with {self.count} "
                "loading processes, each of which needs one. Pack smaller shards (restore data pack --megabytes), or "
                "lower data.init_args.workers."
            )

    @property
    def count(self) -> int:
        """How many lanes there are."""
        return self.reading.world * max(self.reading.workers, 1)

    @cached_property
    def _sizes(self) -> list[int]:
        return [sum(self.index.shards[shard].pictures for shard in self._shards(lane)) for lane in range(self.count)]

    def slot(self, number: int) -> tuple[int, int]:
        """Patch `number` of the stream of `PatchSampler` -> its lane, and how many patches that lane gave before it."""
        reading, workers = self.reading, max(self.reading.workers, 1)
        epoch, within = divmod(number, reading.patches_per_epoch)
        rank, turn = within % reading.world, within // reading.world
        step, place = divmod(turn, reading.batch_size)
        steps = reading.patches_per_epoch // reading.world // reading.batch_size
        round_, worker = divmod(step, workers)
        rounds = (steps - worker + workers - 1) // workers  # batches of this worker in an epoch
        return rank * workers + worker, (epoch * rounds + round_) * reading.batch_size + place

    def picture(self, slot: int) -> tuple[int, int]:
        """Patch `slot` of a lane -> its picture, counted along the lane, and which of the picture's patches it is."""
        row, column = divmod(slot, self.patches_per_picture)
        return row + (self.patches_per_picture - 1 - column) * DISTANCE, column

    def oldest(self, slot: int) -> int:
        """The first picture of a lane that is still needed from patch `slot` on."""
        return slot // self.patches_per_picture

    def place(self, lane: int, picture: int) -> tuple[int, int]:
        """A picture, counted along a lane -> its shard, and how many pictures of that shard come before it."""
        round_, left = divmod(picture, self._sizes[lane])
        for shard in _order(self._shards(lane), (self.seed, lane, round_)):
            if left < self.index.shards[shard].pictures:
                return shard, left
            left -= self.index.shards[shard].pictures
        raise AssertionError("the sizes of a lane's shards add up to its size")

    def _shards(self, lane: int) -> range:
        return range(lane, len(self.index.shards), self.count)


@lru_cache(maxsize=4)
def _order(shards: range, seed: tuple[int, int, int]) -> list[int]:
    return [shards[int(place)] for place in np.random.default_rng(seed).permutation(len(shards))]
