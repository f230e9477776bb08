"""The folder of an ablation: the recipe as it was resolved, and a JSON file for each finished run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from restore.commands.attention_names import Choice
from restore.commands.results import write_json
from restore.errors import ConfigError
from restore.images import replacing


class TrialResults:
    """What was finished before is kept, and belongs to one recipe.

    Args:
        folder: where to; it is made.
        settings: everything that the results depend on, attention and seed apart.

    Raises:
        ConfigError: the folder holds results of other settings.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        file = folder / "recipe.yaml"
        if file.is_file():
            before = yaml.safe_load(file.read_text(encoding="utf-8"))
            other = next(_differences(before, settings), None)
            if other is not None:
                raise ConfigError(
                    f"{folder} holds results of other settings: {other}. Give another --output, or remove the folder."
                )
        else:
            folder.mkdir(parents=True, exist_ok=True)
            with replacing(file) as temporary:
                temporary.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), encoding="utf-8")

    def find(self, choice: Choice, seed: int) -> dict[str, Any] | None:
        """The result of a finished run."""
        file = self._file(choice, seed)
        if not file.is_file():
            return None
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            if content["class_path"] == choice.class_path and content["init_args"] == choice.options:
                return dict(content)
        except (ValueError, KeyError, TypeError):
            pass
        raise ConfigError(f"{file} is no result of {choice.label} with seed {seed}. Remove it.")

    def keep(self, choice: Choice, seed: int, found: dict[str, Any]) -> None:
        """Write the result of a run that has just finished."""
        write_json(self._file(choice, seed), {"attention": choice.label, **choice.spec, "seed": seed, **found})

    def explain(self, choice: Choice, seed: int, trace: str) -> Path:
        """Write what a run failed of, for who looks into it; such a run is tried again the next time."""
        file = self._file(choice, seed).with_suffix(".failed.txt")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(trace, encoding="utf-8")
        return file

    def _file(self, choice: Choice, seed: int) -> Path:
        name = quote(choice.label.replace(":", ",", 1), safe="=,.[] ").replace(" ", "")
        return self.folder / "runs" / f"{name}_seed{seed}.json"


def _differences(before: Any, now: Any, path: str = "") -> Iterator[str]:
    """Options that are not the same, as `trainer.max_steps is 8 there and 16 here`."""
    if isinstance(before, dict) and isinstance(now, dict):
        for name in [*before, *(name for name in now if name not in before)]:
            yield from _differences(before.get(name), now.get(name), f"{path}.{name}" if path else str(name))
    elif before != now:
        yield f"{path} is {before} there and {now} here"
