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
from typing import Any

from torch import nn

from restore.errors import CheckpointError, RestoreError
from restore.networks import RestorationNetwork

_ROOMS = ("restore.attention", "restore.blocks", "restore.layers", "restore.networks")
_TORCH = "torch.nn"
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
    cls, options = _read(spec)
    if not issubclass(cls, RestorationNetwork) or inspect.isabstract(cls):
        raise CheckpointError(f"{spec['class_path']} is not a restoration network. Name a class of restore.networks.")
    return _call(cls, options)


def _read(spec: Mapping[str, Any]) -> tuple[type[nn.Module], dict[str, Any]]:
    """The class that a spec names and its options, with everything inside them built."""
    if "class_path" not in spec or not set(spec) <= {"class_path", "init_args"}:
        raise CheckpointError(f"A module is described by class_path and init_args, got {sorted(map(str, spec))}.")
    cls = _resolve(spec["class_path"])
    if not isinstance(cls, type):
        raise CheckpointError(f"{spec['class_path']} is a function where a class is needed.")
    options = spec.get("init_args") or {}
    if not isinstance(options, Mapping):
        raise CheckpointError(f"The init_args of {spec['class_path']} are no table but {type(options).__name__}.")
    accepted = inspect.signature(cls).parameters
    for name in options:
        if name not in accepted:
            raise CheckpointError(f"{spec['class_path']} has no option '{name}'. It has {', '.join(accepted)}.")
    try:
        hints = typing.get_type_hints(cls.__init__)
    except NameError:  # a hint that only type checkers import
        hints = {}
    return cls, {name: _value(value, _is_factory(hints.get(name))) for name, value in options.items()}


def _value(value: Any, factory: bool) -> Any:
    if isinstance(value, Mapping) and "class_path" in value:
        cls, options = _read(value)
        return functools.partial(cls, **options) if factory else _call(cls, options)
    if isinstance(value, str) and factory:
        return _resolve(value)
    if isinstance(value, Mapping):
        return {str(key): _value(item, False) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_value(item, False) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise CheckpointError(f"A network's options are names and numbers, got {type(value).__name__}.")


def _call(cls: type[nn.Module], options: dict[str, Any]) -> Any:
    try:
        return cls(**options)
    except (TypeError, ValueError, RuntimeError, AttributeError, MemoryError, OverflowError) as error:
        kind = "" if isinstance(error, RestoreError) else f"{type(error).__name__}: "
        raise CheckpointError(f"{cls.__name__} cannot be built from the file's options. {kind}{error}") from error


def _resolve(path: Any) -> type[nn.Module] | types.FunctionType:
    """The module class, or the function of `restore`, that `path` names; anything else is refused."""
    if not isinstance(path, str) or not _NAME.fullmatch(path):
        raise CheckpointError(f"{path!r} is not the name of a class.")
    place, _, name = path.rpartition(".")
    if place == _TORCH or place.startswith("torch.nn.modules."):
        found = getattr(sys.modules.get(place), name, None)
        origin = getattr(found, "__module__", "")
        if isinstance(found, type) and issubclass(found, nn.Module) and origin.startswith("torch.nn.modules."):
            return found
    elif any(place == room or place.startswith(room + ".") for room in _ROOMS):
        found = getattr(_own_module(place), name, None)
        origin = getattr(found, "__module__", "")
        ours = any(origin == room or origin.startswith(room + ".") for room in _ROOMS)
        if ours and isinstance(found, types.FunctionType) and found.__name__ == name:
            return found
        if ours and isinstance(found, type) and issubclass(found, nn.Module):
            return found
    raise CheckpointError(
        f"{path} is not built from a weights file: it is no module of {', '.join(_ROOMS)} or {_TORCH}. "
        "If the file needs another package, load it in your own code."
    )


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
