"""Building a network from the names and numbers that a weights file holds, which a stranger may have written.

Only four rooms of this package and `torch.nn` are ever looked into, nothing of torch is imported for a name,
and only classes of modules are built. A name that leads anywhere else is refused before anything is called.
"""

from __future__ import annotations

import collections.abc
import functools
import importlib
import inspect
import re
import sys
import types
import typing
from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import nn

from restore.errors import CheckpointError, RestoreError
from restore.networks import RestorationNetwork


class Allowed(NamedTuple):
    """What a file may name."""

    rooms: tuple[str, ...]
    """Packages of `restore` that are looked into."""
    torch: tuple[str, ...]
    """Packages of torch whose classes are taken, by any name they go by; nothing is imported for a name."""
    bases: tuple[type, ...]
    """A class must be a subclass of one of these."""


NETWORK_PARTS = Allowed(
    ("restore.attention", "restore.blocks", "restore.layers", "restore.networks"), ("torch.nn.modules",), (nn.Module,)
)
_NAME = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)+", re.ASCII)


def build(spec: Any) -> RestorationNetwork:
    """Build a network from `{"class_path": ..., "init_args": {...}}`, as recipes and checkpoints write it.

    A nested spec becomes a module, or, where the constructor asks for a factory (`attention: Callable[...]`), a
    factory of that class with these options; a factory may also be the path of a named function.

    Raises:
        CheckpointError: a name leads outside `restore` and `torch.nn`, is no network, or refuses its options.
    """
    if not isinstance(spec, Mapping):
        raise CheckpointError(f"A network is described by class_path and init_args, got {type(spec).__name__}.")
    cls, options = _read(spec, NETWORK_PARTS)
    if not issubclass(cls, RestorationNetwork) or inspect.isabstract(cls):
        raise CheckpointError(f"{spec['class_path']} is not a restoration network. Name a class of restore.networks.")
    return _call(cls, options)


def build_options(cls: type, options: Mapping[str, Any], allowed: Allowed) -> dict[str, Any]:
    """Options of `cls` as a file holds them -> as its constructor takes them, everything inside them built.

    Raises:
        CheckpointError: a name leads outside `allowed`, or the class has no such option.
    """
    accepted = inspect.signature(cls).parameters
    for name in options:
        if name not in accepted:
            raise CheckpointError(f"{cls.__name__} has no option '{name}'. It has {', '.join(accepted)}.")
    try:
        hints = typing.get_type_hints(inspect.getattr_static(cls, "__init__"))
    except NameError:  # a hint that only type checkers import
        hints = {}
    return {name: _value(value, _is_factory(hints.get(name)), allowed) for name, value in options.items()}


def _read(spec: Mapping[str, Any], allowed: Allowed) -> tuple[type, dict[str, Any]]:
    """The class that a spec names and its options, with everything inside them built."""
    if "class_path" not in spec or not set(spec) <= {"class_path", "init_args"}:
        raise CheckpointError(f"A module is described by class_path and init_args, got {sorted(map(str, spec))}.")
    cls = resolve(spec["class_path"], allowed)
    if not isinstance(cls, type):
        raise CheckpointError(f"{spec['class_path']} is a function where a class is needed.")
    options = spec.get("init_args") or {}
    if not isinstance(options, Mapping):
        raise CheckpointError(f"The init_args of {spec['class_path']} are no table but {type(options).__name__}.")
    return cls, build_options(cls, options, allowed)


def _value(value: Any, factory: bool, allowed: Allowed) -> Any:
    if isinstance(value, Mapping) and "class_path" in value:
        cls, options = _read(value, allowed)
        return functools.partial(cls, **options) if factory else _call(cls, options)
    if isinstance(value, str) and factory:
        return resolve(value, allowed)
    if isinstance(value, Mapping):
        return {str(key): _value(item, False, allowed) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_value(item, False, allowed) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise CheckpointError(f"Options are names and numbers, got {type(value).__name__}.")


def _call(cls: type, options: dict[str, Any]) -> Any:
    try:
        return cls(**options)
    except (TypeError, ValueError, RuntimeError, AttributeError, MemoryError, OverflowError) as error:
        kind = "" if isinstance(error, RestoreError) else f"{type(error).__name__}: "
        raise CheckpointError(f"{cls.__name__} cannot be built from the file's options. {kind}{error}") from error


def resolve(path: Any, allowed: Allowed) -> type | types.FunctionType:
    """The class, or the function of `restore`, that `path` names; anything else is refused.

    Raises:
        CheckpointError: the name leads outside `allowed`.
    """
    if not isinstance(path, str) or not _NAME.fullmatch(path):
        raise CheckpointError(f"{path!r} is not the name of a class.")
    place, _, name = path.rpartition(".")
    if place.startswith("torch."):
        found = getattr(sys.modules.get(place), name, None)
        if isinstance(found, type) and issubclass(found, allowed.bases) and _within(found.__module__, allowed.torch):
            return found
    elif _within(place, allowed.rooms):
        found = getattr(_own_module(place), name, None)
        ours = _within(getattr(found, "__module__", ""), allowed.rooms)
        if ours and isinstance(found, types.FunctionType) and found.__name__ == name:
            return found
        if ours and isinstance(found, type) and issubclass(found, allowed.bases):
            return found
    raise CheckpointError(
        f"{path} is not built from a weights file: it is no part of {', '.join(allowed.rooms + allowed.torch)}. "
        "If the file needs another package, load it in your own code."
    )


def _within(place: Any, packages: tuple[str, ...]) -> bool:
    return any(place == package or str(place).startswith(package + ".") for package in packages)


def _own_module(place: str) -> types.ModuleType | None:
    """Import a module file of this package; a name that goes through one into its imports is none."""
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError:
        return None


def _is_factory(hint: Any) -> bool:
    """Whether a hint asks for something to call: `Callable[...]`, alone or in a union."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return any(_is_factory(part) for part in typing.get_args(hint))
    return (typing.get_origin(hint) or hint) is collections.abc.Callable
