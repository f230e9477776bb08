"""Files that a command leaves its findings in: whole or not at all, and a plain error where they cannot be written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from restore.errors import DataError
from restore.images import replacing


def write_json(file: Path, content: dict[str, Any]) -> None:
    """Write JSON, under a temporary name until it is whole; its folder is made.

    Raises:
        DataError: the file cannot be written.
    """
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as temporary:
            temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Make a DataError, which names the file and what to do, of what the system says."""
    try:
        yield
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise DataError(f"{file} cannot be written: {why}. Name another place or make room.") from error
