"""Decoded pictures on the disk, memory-mapped: decoded once for all runs, shared by all loading processes.

One file a set of pictures, named after the content of the files and what was made of them. It is written under another
name and renamed when it is whole, so a crash in the middle leaves nothing that is ever read; a lock makes a second
builder wait for the first, and where locks do not work (some network drives) both build and the later rename wins.
The system drops the pages of the map when memory is short, so no set is too large for the memory.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import sys
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from tqdm import tqdm

from restore.data.advice import usable_cores
from restore.data.cache import DecodedPictures, decode_training
from restore.data.digests import content_digests
from restore.data.pixel_file import PixelFile, PixelWriter
from restore.errors import ConfigError, DataError
from restore.images import read_file

_VERSION = 1
"""Raised when what is made of a file changes."""
_FREE = 10**9
"""Bytes of the disk that are left to others."""


def cache_folder() -> Path:
    """$RESTORE_CACHE, or $XDG_CACHE_HOME/restore, or ~/.cache/restore."""
    own = os.environ.get("RESTORE_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "restore"


class DiskCache(DecodedPictures):
    """Pictures decoded once into a file and read through a memory map; a crop reads its own pages alone.

    Args:
        paths: the files.
        image_channels: 1 (gray) or 3 (RGB).
        gigabytes: how much the whole folder of caches may hold. The sets that were used longest ago are removed for a
            new one; pictures of this set that do not fit are decoded each time they are asked for, which is said.
        halve_above: see `DecodedPictures`.
        folder: of the caches; None is `cache_folder()`.

    Raises:
        DataError: a picture is broken.
        ConfigError: the folder cannot be written.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        image_channels: int = 3,
        gigabytes: float = 32.0,
        halve_above: int | None = None,
        folder: Path | None = None,
    ) -> None:
        super().__init__(paths, image_channels, halve_above)
        self.folder = cache_folder() if folder is None else folder
        self.gigabytes = gigabytes
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.digests = content_digests(self.paths, self.folder)
            form = f"{_VERSION} {image_channels} {halve_above}\n" + "\n".join(sorted(set(self.digests)))
            self.file = self.folder / f"{hashlib.sha256(form.encode()).hexdigest()[:32]}.pixels"
            self._map: PixelFile | None = self._ready() or self._build()
        except OSError as error:
            raise ConfigError(
                f"The cache {self.folder} cannot be used: {error.strerror or error}. Name another folder by "
                "data.init_args.cache_folder, or set data.init_args.cache to memory."
            ) from error
        self._warn()

    def __getitem__(self, index: int) -> np.ndarray:
        """Picture `index`, (H, W, C) uint8, a view into the map that cannot be written."""
        digest = self.digests[index]
        if self._map is not None and digest in self._map:
            return self._map[digest]
        return self.decode(index)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_map": None, "_last": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._map = _open(self.file)  # None where it has been removed meanwhile: pictures are then decoded

    def decoded_each_time(self) -> int:
        """How many pictures are not in the file."""
        return sum(digest not in (self._map or ()) for digest in self.digests)

    def _ready(self) -> PixelFile | None:
        """The file, unless it is not there, not whole, or was made with less room than there is now."""
        found = _open(self.file)
        if found is None or (found.notes["left_out"] and self.gigabytes > found.notes["gigabytes"]):
            return None
        os.utime(self.file)  # used now: others are removed first
        return found

    def _build(self) -> PixelFile:
        lock = FileLock(self.file.with_suffix(".lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            sys.stderr.write(f"Waiting for another process that decodes these pictures into {self.folder}.\n")
            lock.acquire()
        try:
            found = self._ready()
            if found is None:
                self._write()
                found = PixelFile(self.file)
            return found
        finally:
            lock.release()

    def _write(self) -> None:
        """Decode every picture into a file of another name, and rename it."""
        for old in self.folder.glob("*.part"):  # of builders that were killed: ours hold the lock, others are old
            if old.name.startswith(self.file.stem) or time.time() - old.stat().st_mtime > 86400:
                old.unlink(missing_ok=True)
        begin = time.perf_counter()
        part = self.folder / f"{self.file.stem}.{secrets.token_hex(4)}.part"
        writer = PixelWriter(part, self._make_room)
        paths = dict(zip(self.digests, self.paths, strict=True))
        try:
            _decode_all(paths, writer, self.image_channels, self.halve_above)
            left_out = len(paths) - len(writer.places)
            writer.finish(left_out=left_out, gigabytes=self.gigabytes)
            os.replace(part, self.file)
        finally:
            writer.close()
            part.unlink(missing_ok=True)
        size = self.file.stat().st_size / 1e9
        sys.stderr.write(
            f"Decoded {len(writer.places)} pictures into {self.file} ({size:.2f} GB) in "
            f"{time.perf_counter() - begin:.1f} s; later runs map them.\n"
        )

    def _make_room(self, size: int) -> bool:
        """Whether this set's file may be `size` bytes; removes the sets that were used longest ago for it."""
        others = []
        for path in self.folder.glob("*.pixels"):
            with suppress(FileNotFoundError):  # another process makes room as well
                others.append((path.stat().st_mtime, path.stat().st_size, path))
        others = sorted(other for other in others if other[2] != self.file)
        limit = self.gigabytes * 1e9
        if size > limit or shutil.disk_usage(self.folder).free < _FREE:
            return False
        total = size + sum(one for _, one, _ in others)
        for _, one, path in others:
            if total <= limit:
                break
            path.unlink(missing_ok=True)  # a run that has mapped it keeps it
            total -= one
        return True

    def _warn(self) -> None:
        missing = self.decoded_each_time()
        if missing:
            sys.stderr.write(
                f"The cache of {self.gigabytes:g} GB holds {len(self) - missing} of {len(self)} pictures; the "
                "others are decoded for every patch, which is slow. Raise data.init_args.cache_gigabytes.\n"
            )


def _open(file: Path) -> PixelFile | None:
    try:
        return PixelFile(file)
    except DataError:
        return None


def _decode_all(paths: dict[str, Path], writer: PixelWriter, image_channels: int, halve_above: int | None) -> None:
    """Decode in one thread a core: the decoders leave Python's lock while they work."""
    full: list[OSError] = []
    bar = tqdm(total=len(paths), desc="decode", unit="picture", disable=not sys.stderr.isatty())

    def one(digest: str, path: Path) -> None:
        if not full:
            data = read_file(path)
            if hashlib.sha256(data).hexdigest() != digest:
                raise DataError(f"{path} was changed while it was decoded. Start again when it is whole.")
            try:
                writer.add(digest, decode_training(data, path, image_channels, halve_above))
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                full.append(error)  # what was written is used, the rest is decoded on demand
        bar.update()

    with bar, ThreadPoolExecutor(usable_cores()) as pool:
        waiting = [pool.submit(one, digest, path) for digest, path in paths.items()]
        try:
            done = wait(waiting, return_when=FIRST_EXCEPTION).done
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        for future in done:
            future.result()
