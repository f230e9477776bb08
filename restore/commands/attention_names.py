"""The attentions of an ablation as they are typed: NAME or package.module.Name, then :option=value,option=value."""

from __future__ import annotations

import difflib
import importlib
import inspect
import re
from dataclasses import dataclass, replace
from typing import Any

import yaml

import restore.attention
from restore.attention import Attention
from restore.errors import ConfigError

_ROOM = "restore.attention"


@dataclass(frozen=True)
class Choice:
    """One attention with its options."""

    label: str
    """What was typed, ours without their package: it stands in the table."""
    class_path: str
    options: dict[str, Any]
    branch: str = ""
    """Of the residual blocks; nothing for what the recipe has."""

    def with_branch(self, branch: str) -> Choice:
        """The same attention over other blocks."""
        label = self.label if branch == "plain" else f"{self.label} + {branch}"
        return replace(self, label=label, branch=branch)

    def build(self, channels: int) -> Attention:
        """The module; raises what the class raises."""
        place, _, name = self.class_path.rpartition(".")
        module: Attention = getattr(importlib.import_module(place), name)(channels, **self.options)
        return module

    @property
    def spec(self) -> dict[str, Any]:
        """As a recipe writes it."""
        return {"class_path": self.class_path, "init_args": dict(self.options)}


NO_ATTENTION = Choice("NoAttention", f"{_ROOM}.NoAttention", {})


def read_choice(text: str) -> Choice:
    """Read what was typed, e.g. `ChannelAttention:reduction=8` or `mylab.gates.MyGate`.

    Raises:
        ConfigError: there is no such class, it has no such option, or it is no attention; the nearest is suggested.
    """
    name, _, words = text.partition(":")
    name = name.removeprefix(f"{_ROOM}.")
    cls = _own(name) if "." not in name else _foreign(name)
    if not isinstance(cls, type) or not issubclass(cls, Attention) or inspect.isabstract(cls):
        raise ConfigError(
            f"{name} is no module for the attention slot. Name a class that inherits restore.attention.Attention and "
            "is not abstract; parts with two inputs or another output size do not fit it."
        )
    options = _options(name, words)
    accepted = [option for option in inspect.signature(cls).parameters if option != "channels"]
    for option in options:
        if option not in accepted:
            raise ConfigError(f"{name} has no option '{option}'{_hint(option, accepted)}")
    path = f"{_ROOM}.{name}" if "." not in name else name
    return Choice(f"{name}:{words}" if options else name, path, options)


def slots() -> list[str]:
    """Names of our modules that fit an attention slot."""
    found = {name: getattr(restore.attention, name) for name in restore.attention.__all__}
    return [
        name
        for name, cls in found.items()
        if isinstance(cls, type) and issubclass(cls, Attention) and not inspect.isabstract(cls)
    ]


def _own(name: str) -> Any:
    if name not in restore.attention.__all__:
        raise ConfigError(
            f"There is no attention '{name}'{_hint(name, slots())} Modules of others are named by their whole path."
        )
    return getattr(restore.attention, name)


def _foreign(path: str) -> Any:
    place, _, name = path.rpartition(".")
    try:
        module = importlib.import_module(place)
    except ImportError as error:
        raise ConfigError(
            f"{path} cannot be imported ({error}). Is the package installed, or in this folder?"
        ) from error
    if not hasattr(module, name):
        raise ConfigError(f"{place} has no class '{name}'{_hint(name, dir(module))}")
    return getattr(module, name)


def _options(name: str, words: str) -> dict[str, Any]:
    """`reduction=8,widths=[1,2]` -> {"reduction": 8, "widths": [1, 2]}."""
    options: dict[str, Any] = {}
    for word in re.split(r",(?=\s*\w+=)", words) if words else []:
        option, given, value = (part.strip() for part in word.partition("="))
        if not given or not option or option in options:
            raise ConfigError(f"The options of {name} are '{words}'. Write them once each, as reduction=8,bias=false.")
        try:
            options[option] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ConfigError(f"The option {word} of {name} cannot be read. Write values as in YAML.") from error
    return options


def _hint(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if near:
        return f": did you mean '{near[0]}'?"
    return f": choose one of {', '.join(known)}." if 0 < len(known) <= 12 else "."
