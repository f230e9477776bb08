"""Recipes of degradations: a file that names a class and its options, or the degradation of a recipe for fit."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restore.commands.recipes import find_config
from restore.errors import ConfigError, RestoreError

if TYPE_CHECKING:
    from restore.degradation import Degradation

FOLDER = "degradations"
"""Where they lie among the recipes: `bsrgan` finds configs/degradations/bsrgan.yaml."""


def find_degradation(name: str) -> Path:
    """The recipe's file: by path, by name among the degradations, by name among all recipes.

    Raises:
        ConfigError: there is none; the message suggests the nearest name.
    """
    for place in (f"{FOLDER}/{name}", name):
        with contextlib.suppress(ConfigError):
            return find_config(place)
    return find_config(f"{FOLDER}/{name}")  # its message suggests a degradation


def load_degradation(name: str) -> Degradation:
    """Build what a recipe says.

    Raises:
        ConfigError: there is no such recipe, it cannot be read, holds no degradation, or one with a wrong option.
    """
    import yaml
    from jsonargparse import ArgumentError, ArgumentParser

    from restore.degradation import Degradation

    path = find_degradation(name)
    try:
        given = _read(path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read as YAML: {' '.join(str(error).split())}") from error
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--degradation", type=Degradation)
    try:
        built: Degradation = parser.instantiate_classes(parser.parse_object({"degradation": given})).degradation
    except (ArgumentError, ValueError) as error:
        raise ConfigError(f"{path}: {_own_words(error)}") from error
    return built


def _read(path: Path) -> Any:
    """The part that names the degradation: all of it, or model.init_args.degradation of a recipe for fit."""
    import yaml

    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if isinstance(content, dict) and "class_path" in content:
        return content
    try:
        given = content["model"]["init_args"]["degradation"]
    except (KeyError, TypeError):
        given = None
    if given is None:
        raise ConfigError(f"{path} names no degradation: neither a class_path nor model.init_args.degradation.")
    return _read(path.parent / given) if isinstance(given, str) and given.endswith((".yaml", ".yml")) else given


def _own_words(error: BaseException) -> str:
    """What one of our constructors said, or the parser's message shortened to what is wrong."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, RestoreError):
            return str(found)
        found = found.__cause__ or found.__context__
    text = " ".join(str(error).split())
    return text if len(text) <= 400 else text[:400].rsplit(" ", 1)[0] + " ..."
