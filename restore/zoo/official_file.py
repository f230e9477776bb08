"""The authors' files: opened without running code, and taken out of what they are wrapped in."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from restore.errors import CheckpointError
from restore.zoo.official.noise_levels import QUESTION, is_noise_levels, part_for

logger = logging.getLogger(__name__)

SAVE_TENSORS = "If you trust the file, open it with its own program and save model.state_dict() alone."
"""What to do about a file that holds code."""
UNREADABLE = (
    pickle.UnpicklingError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
)
"""What torch.load raises on a file that is damaged, of another kind, or holds more than tensors."""
_AVERAGED, _PLAIN = "params_ema", "params"
_WRAPPERS = (_AVERAGED, _PLAIN, "state_dict")
_PARALLEL = "module."


@dataclass(frozen=True)
class OfficialFile:
    """One set of weights of an authors' file."""

    state: dict[str, Tensor]
    """Tensors by their official names, without `module.`."""
    part: str | None = None
    """The set's name where the file holds one for every noise level."""
    network: str | None = None
    """Our class, where the form of the file tells it."""


def read_official_file(path: str | PathLike[str], part: str | None = None, sigma: float | None = None) -> OfficialFile:
    """Open an official checkpoint; only tensors are read from it, never code. The rest is `unwrap`'s.

    Raises:
        CheckpointError: it cannot be opened, or as `unwrap` says.
    """
    if not Path(path).is_file():
        raise CheckpointError("No such file.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CheckpointError(
            f"Cannot be read as tensors alone ({first}). Pickled modules are refused because they run code. "
            f"{SAVE_TENSORS}"
        ) from error
    return unwrap(content, part, sigma)


def unwrap(content: object, part: str | None = None, sigma: float | None = None) -> OfficialFile:
    """The innermost mapping from names to tensors; of plain and averaged weights the averaged ones, which is said.

    Args:
        content: what `torch.load` gave.
        part: name of the set of weights, where there are several.
        sigma: noise in grey levels, which chooses among IRCNN's sets; without effect on other files.

    Raises:
        CheckpointError: there are no weights, or there is no such part, or several sets and nothing chooses.
    """
    taken: list[str] = []
    level = None
    while isinstance(content, Mapping) and not _is_weights(content):
        inside = {str(name): value for name, value in content.items() if isinstance(value, Mapping) and value}
        name = _choose(inside, part, sigma)
        if name is None:
            break
        level = name if is_noise_levels(inside) else level
        taken.append(name)
        content = inside[name]
    if part is not None and part not in taken:
        raise CheckpointError(f"Has no part {part!r}{_offered(content, taken)}.")
    if not isinstance(content, Mapping) or not _is_weights(content):
        raise CheckpointError(
            f"Holds no weights by name. Expected tensors, at the top or under one of {', '.join(_WRAPPERS)}."
        )
    state = {str(name): tensor for name, tensor in content.items()}
    if all(name.startswith(_PARALLEL) for name in state):
        state = {name.removeprefix(_PARALLEL): tensor for name, tensor in state.items()}
    return OfficialFile(state, level, None if level is None else "IRCNN")


def _choose(inside: Mapping[str, Mapping[Any, Any]], part: str | None, sigma: float | None) -> str | None:
    """Which of the mappings of a file to go into; None where it has none with weights."""
    if part in inside:
        return part
    if is_noise_levels(inside):
        if part is not None:
            return None
        if sigma is None:
            raise CheckpointError(QUESTION)
        return part_for(sigma)
    wrapper = next((name for name in _WRAPPERS if name in inside), None)
    if wrapper == _AVERAGED and _PLAIN in inside:
        logger.warning(
            "the file holds %s and %s: took %s, the averaged weights (--part %s takes the others)",
            _PLAIN,
            _AVERAGED,
            _AVERAGED,
            _PLAIN,
        )
    sets = [name for name, value in inside.items() if _is_weights(value)]
    if wrapper is None and len(sets) > 1 and part is None:
        raise CheckpointError(
            f"Holds {len(sets)} sets of weights: {_some(sets)}. Name one by --part to restore convert "
            "(part=... to restore.zoo.convert_file)."
        )
    return wrapper or (sets[0] if len(sets) == 1 else None)


def _is_weights(content: Mapping[Any, Any]) -> bool:
    return bool(content) and all(isinstance(value, Tensor) for value in content.values())


def _offered(content: object, taken: list[str]) -> str:
    inside = content.items() if isinstance(content, Mapping) else ()
    sets = [str(name) for name, value in inside if isinstance(value, Mapping) and value]
    if sets:
        return f". It has {_some(sets)}"
    return f"; its weights are under {', '.join(taken)}: leave it out" if taken else "; it is one set of weights"


def _some(names: list[str], limit: int = 4) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")
