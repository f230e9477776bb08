"""Loaders of batches, and the place in the stream where a resumed run goes on."""

from __future__ import annotations

import signal
from typing import Any

from torch.utils.data import DataLoader, Dataset, Sampler

from restore.data.patches import collate


def make_loader(
    pictures: Dataset[Any],
    sampler: Sampler[Any] | None,
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
    return DataLoader(
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
