"""Hyper-parameters that a checkpoint may hold: names and numbers, never live objects."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any


def drop_live_objects(hparams: MutableMapping[str, Any]) -> None:
    """Delete every value that is not made of names and numbers.

    The command line stores `class_path` dictionaries, which stay; a task that was built in Python holds live
    modules, which a safe load would refuse.
    """
    for name in [name for name, value in hparams.items() if not _is_plain(value)]:
        del hparams[name]


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, str | int | float | bool)
