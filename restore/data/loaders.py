"""Loaders of batches, and the place in the stream where a resumed run goes on."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from typing import Any

from torch.utils.data import DataLoader, Dataset, Sampler

from restore.data.patches import collate


class PatchLoader(DataLoader):
    """Batches of an endless stream that can be gone on with at any batch, and that knows how long it was waited for.

    Lightning warns of a loader without `state_dict` when a run goes on in the middle of an epoch. This one has nothing
    to keep there: its place follows from the steps that the trainer has counted (`place_of`), a patch from its number.
    """

    waited = 0.0
    """Seconds in which the caller could do nothing but wait for the next batch, or for an epoch to begin."""

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        begin = time.perf_counter()
        batches = super().__iter__()  # starts the loading processes, or tells them of the next epoch and waits for all
        self.waited += time.perf_counter() - begin
        while True:
            begin = time.perf_counter()
            try:
                batch = next(batches)
            except StopIteration:
                return
            finally:
                self.waited += time.perf_counter() - begin
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take nothing."""


def make_loader(
    pictures: Dataset[Any],
    sampler: Sampler[Any] | Sequence[int] | None,
    batch_size: int,
    workers: int,
    endless: bool = False,
    pin_memory: bool = False,
) -> DataLoader:
    """Batches of `pictures` in the order of `sampler`.

    Args:
        pictures: what is loaded.
        sampler: which, and in what order; None is all of them once.
        batch_size: how many at once.
        workers: loading processes; 0 loads in this one.
        endless: whether it is met epoch after epoch: the processes then live on between epochs, and a last, smaller
            batch is dropped.
        pin_memory: whether a batch is laid where a GPU fetches it faster.
    """
    return (PatchLoader if endless else DataLoader)(
        pictures,
        batch_size=batch_size,
        sampler=sampler,
        num_workers=workers,
        collate_fn=collate,
        drop_last=endless,
        persistent_workers=endless and workers > 0,  # patches are a function of their number
        worker_init_fn=_ignore_interrupt,
        pin_memory=pin_memory,
    )


def place_of(trainer: Any, batches: int) -> tuple[int, int]:
    """Where a run stands that has `batches` in an epoch: the epoch, and how many of its batches have been seen.

    Args:
        trainer: Lightning's, or None, which stands at the beginning.
        batches: that the loader has in an epoch, for this process.
    """
    if not trainer:
        return 0, 0
    loop, limit = trainer.fit_loop, trainer.limit_train_batches
    whole = min(batches, limit) if isinstance(limit, int) else int(batches * limit)
    seen = loop.epoch_loop.batch_progress.current.ready
    if trainer.current_epoch == loop.epoch_progress.current.ready:  # between two epochs
        return trainer.current_epoch, 0
    if seen >= whole:
        return trainer.current_epoch + 1, 0
    return trainer.current_epoch, seen


def _ignore_interrupt(worker: int) -> None:
    """Ctrl-C is for the main process, which lets its step come to an end and needs the workers until then."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
