"""Recipes of degradations: a file that names a class and its options, or the degradation of a recipe for fit."""

from __future__ import annotations

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
    return find_config(name, first=FOLDER)


def load_degradation(name: str) -> Degradation:
    """Build what a recipe says; where a recipe for fit names no degradation, what its task takes then.

    Raises:
        ConfigError: there is no such recipe, it cannot be read, holds no degradation, or one with a wrong option.
    """
    import yaml

    from restore.degradation import Degradation

    path = find_degradation(name)
    try:
        given = _read(path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read as YAML: {' '.join(str(error).split())}") from error
    model = given.get("model") if isinstance(given, dict) else None
    options = model.get("init_args") if isinstance(model, dict) else None
    if not _is_class(given):
        given = options.get("degradation") if isinstance(options, dict) else None
    if given is not None:
        built: Degradation = _built(path, Degradation, given)
        return built
    if not _is_class(model):
        raise ConfigError(f"{path} names no degradation: neither a class_path nor model.init_args.degradation.")
    return _of_the_task(path, model)


def _of_the_task(path: Path, model: Any) -> Degradation:
    """What a task does that is told of no degradation; its network is built without memory for the weights."""
    import warnings

    import torch

    from restore.tasks import Denoising, RestorationTask

    with warnings.catch_warnings(), torch.device("meta"):
        warnings.filterwarnings("ignore", ".*already saved during checkpointing.*")
        task: RestorationTask = _built(path, RestorationTask, model)
    if isinstance(task, Denoising) and not task.protocol.startswith("awgn"):
        raise ConfigError(
            f"{path} names no degradation: it is for pairs, whose noise is their own. Name another recipe, as photo."
        )
    return task.degradation


def _built(path: Path, kind: type, given: Any) -> Any:
    """An object of a subclass of `kind`, which is `given` with its options."""
    from jsonargparse import ArgumentError, ArgumentParser

    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--given", type=kind)
    try:
        return parser.instantiate_classes(parser.parse_object({"given": given})).given
    except (ArgumentError, ValueError) as error:
        raise ConfigError(f"{path}: {_own_words(error)}") from error


def _read(path: Path) -> Any:
    """What the file says; of a recipe for fit that names another file for its degradation, what that one says."""
    import yaml

    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        given = content["model"]["init_args"]["degradation"]
    except (KeyError, TypeError):
        given = None
    return _read(path.parent / given) if isinstance(given, str) and given.endswith((".yaml", ".yml")) else content


def _is_class(given: Any) -> bool:
    return isinstance(given, dict) and "class_path" in given


def _own_words(error: BaseException) -> str:
    """What one of our constructors said, or the parser's message shortened to what is wrong."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, RestoreError):
            return str(found)
        found = found.__cause__ or found.__context__
    text = " ".join(str(error).split())
    return text if len(text) <= 400 else text[:400].rsplit(" ", 1)[0] + " ..."
