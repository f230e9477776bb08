"""One file that holds decoded pictures, written by many threads and read through a memory map.

Layout: the pixels of one picture after the other, (H, W, C) uint8 in C order; then a JSON table; then the table's
length as 8 bytes, little end first; then 8 bytes that say what this is. A file that was cut short has no such end and
is refused.
"""

from __future__ import annotations

import json
import mmap
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from restore.errors import DataError

_END = b"RSTPIX01"


class PixelWriter:
    """Adds pictures to a new file, from any number of threads.

    Args:
        path: the file; made anew.
        may_grow: called with the file's next size in bytes, one call at a time; False keeps the picture out.
    """

    def __init__(self, path: Path, may_grow: Callable[[int], bool]) -> None:
        self._file = path.open("wb")
        self._may_grow = may_grow
        self._size = 0
        self._lock = threading.Lock()
        self.places: dict[str, tuple[int, int, int, int]] = {}

    def add(self, name: str, pixels: np.ndarray) -> bool:
        """Write a picture, (H, W, C) uint8; whether there was room for it."""
        pixels = np.ascontiguousarray(pixels)
        height, width, channels = pixels.shape
        with self._lock:
            if not self._may_grow(self._size + pixels.nbytes):
                return False
            start, self._size = self._size, self._size + pixels.nbytes
        left = pixels.reshape(-1).data
        while left:
            written = os.pwrite(self._file.fileno(), left, start + pixels.nbytes - len(left))
            left = left[written:]
        with self._lock:
            self.places[name] = start, height, width, channels
        return True

    def finish(self, **notes: Any) -> None:
        """Write the table, with `notes` of the caller's, and wait until all is on the disk."""
        table = json.dumps({"pictures": self.places, "notes": notes}).encode()
        end = max((start + height * width * depth for start, height, width, depth in self.places.values()), default=0)
        self._file.truncate(end)  # what a full disk left of a picture gives the table its room
        self._file.seek(end)
        self._file.write(table + len(table).to_bytes(8, "little") + _END)
        self._file.flush()
        os.fsync(self._file.fileno())  # before the rename that shows it: a power cut leaves no file of zeros
        self._file.close()

    def close(self) -> None:
        """Give up."""
        self._file.close()


class PixelFile:
    """Pictures of a finished file; nothing is read before it is asked for, and then only the pages of the crop.

    Args:
        path: what `PixelWriter` wrote.

    Raises:
        DataError: it is not there, or not whole.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise DataError(f"{path} cannot be mapped: {error}.") from error
        end = len(self._map) - 16
        length = int.from_bytes(self._map[max(end, 0) : end + 8], "little")
        if end < 0 or self._map[-8:] != _END or length > end:
            raise DataError(f"{path} is not a whole file of decoded pictures. Remove it.")
        table = json.loads(self._map[end - length : end])
        self.notes: dict[str, Any] = table["notes"]
        self._places: dict[str, list[int]] = table["pictures"]
        self._pixels = np.frombuffer(self._map, np.uint8)
        self._views: dict[str, np.ndarray] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, name: str) -> np.ndarray:
        """A picture as a view into the map, (H, W, C) uint8, not writable."""
        view = self._views.get(name)
        if view is None:
            start, height, width, channels = self._places[name]
            view = self._pixels[start : start + height * width * channels].reshape(height, width, channels)
            self._views[name] = view
        return view
