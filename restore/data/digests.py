"""What a file holds, as a number: SHA-256 of its content, remembered while its size and time stay as they were.

A cache keyed by names and times alone is wrong after a picture was replaced by one of the same size and time, and
useless after the folder was copied. Reading every file at every start costs as much as the disk gives (DIV2K: 3.5 GB).
So the key is the content, and a file is read again only where its size, its time of change or its inode are others than
at the last look. As git does for its index, a file that was changed in the last moments before the look is not
remembered: a later change within the same tick of the clock would not show.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from restore.images import read_file, replacing

_RECENT = 2.0
"""Seconds; FAT keeps times of two seconds, every other file system finer ones."""


def content_digests(paths: Sequence[Path], memory: Path) -> list[str]:
    """SHA-256 of the content of every file, as 64 hexadecimal digits.

    Args:
        paths: the files.
        memory: folder where digests are remembered; one that cannot be written costs time alone.

    Raises:
        DataError: a file cannot be read.
    """
    names = [os.path.abspath(path) for path in paths]
    notebook = memory / f"{hashlib.sha256(chr(0).join(sorted(names)).encode()).hexdigest()[:32]}.digests.json"
    known = _remembered(notebook)
    now = time.time_ns()

    def look(path: Path, name: str) -> tuple[str, list[int] | None]:
        try:
            status = path.stat()
        except OSError:
            return hashlib.sha256(read_file(path)).hexdigest(), None  # whose message says what is wrong
        stamp = [status.st_size, status.st_mtime_ns, status.st_ino]
        if name in known and known[name][1] == stamp:
            return known[name][0], stamp
        fresh = status.st_mtime_ns > now - int(_RECENT * 1e9)
        return hashlib.sha256(read_file(path)).hexdigest(), None if fresh else stamp

    with ThreadPoolExecutor() as pool:
        found = list(pool.map(look, paths, names))
    remembered = {name: (digest, stamp) for name, (digest, stamp) in zip(names, found, strict=True) if stamp}
    if remembered != known:
        try:
            with replacing(notebook) as part:
                part.write_text(json.dumps(remembered), encoding="utf-8")
        except OSError:
            pass
    return [digest for digest, _ in found]


def _remembered(notebook: Path) -> dict[str, tuple[str, list[int]]]:
    try:
        return {name: (str(entry[0]), entry[1]) for name, entry in json.loads(notebook.read_text("utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError, IndexError, KeyError):
        return {}
