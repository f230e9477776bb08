"""Which pictures lie in a folder."""

from __future__ import annotations

import os
from pathlib import Path

from restore.errors import DataError

EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif"})
"""What names of pictures end in; upper or lower case."""


def find_pictures(folder: str | Path, recursive: bool = True) -> list[Path]:
    """List the pictures of `folder`, sorted.

    A file counts by its extension. Hidden files and folders are left out. Links to files are followed, links
    to folders are not, so a loop ends. What cannot be opened (a dangling link, a locked sub-folder) is in the
    list: reading it then says what is wrong with it.

    Raises:
        DataError: `folder` is no folder, or cannot be opened.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder. Check the name.")
    found: list[Path] = []

    def report(error: OSError) -> None:
        locked = Path(error.filename)
        if locked == folder:
            raise DataError(f"{folder} cannot be opened: {error.strerror}. Change its permissions.") from error
        found.append(locked)

    for place, folders, files in os.walk(folder, onerror=report, followlinks=False):
        folders[:] = sorted(name for name in folders if recursive and not name.startswith("."))
        found += [Path(place, name) for name in files if _is_picture(name)]
    return sorted(found)


def _is_picture(name: str) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in EXTENSIONS
