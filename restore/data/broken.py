"""Files that cannot be read: refused when a run meets them, or named and left out before it starts."""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from restore.data.splits import Item
from restore.errors import DataError
from restore.images import read_picture

logger = logging.getLogger(__name__)


def without_broken(items: Sequence[Item]) -> list[Item]:
    """The pictures, or pairs, all files of which can be read; each other one is named in a warning.

    Raises:
        DataError: there were some, and none can be read.
    """
    with ThreadPoolExecutor() as pool:
        fine = list(pool.map(_is_fine, items))
    kept = [item for item, good in zip(items, fine, strict=True) if good]
    if items and not kept:
        raise DataError(f"None of {len(items)} pictures can be read; the first is {items[0]}.")
    return kept


def _is_fine(item: Path | tuple[Path, ...]) -> bool:
    paths = item if isinstance(item, tuple) else (item,)
    found = [_can_be_read(path, _stamp(path)) for path in paths]  # all, so that both files of a pair are named
    return all(found)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        state = path.stat()
    except OSError:
        return 0, 0
    return state.st_mtime_ns, state.st_size


@functools.lru_cache(maxsize=2**20)
def _can_be_read(path: Path, stamp: tuple[int, int]) -> bool:
    """Asked once for a file as it stands, so that a run names it once."""
    try:
        read_picture(path)
    except DataError as error:
        logger.warning("left out: %s", error)
        return False
    return True
