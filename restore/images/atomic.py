"""Writing a file so that its name never shows half of it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename it to `path` at the end, or remove it if anything went wrong.

    Anything means Ctrl-C, too. A kill leaves a hidden file `.restore-*.part`, never a half-written `path`.
    """
    temporary = path.parent / f".restore-{secrets.token_hex(8)}.part"
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
