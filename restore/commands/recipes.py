"""Finding a recipe by its bare name; the standard library is enough, so a typo is answered at once."""

from __future__ import annotations

import difflib
from pathlib import Path

import restore
from restore.errors import ConfigError

_ENDINGS = (".yaml", ".yml")


def find_config(name: str, first: str = "") -> Path:
    """The recipe `name`: a path, with or without .yaml, here, in ./configs, or among those of the package.

    Args:
        name: of the recipe.
        first: a folder of recipes that is looked into before all others; what lies there needs its bare name alone.

    Raises:
        ConfigError: there is none; the message suggests the nearest name.
    """
    places = [Path(), *_folders()]
    for folder in dict.fromkeys([first, ""]):
        for place in places:
            for ending in ("", *_ENDINGS):
                path = place / folder / f"{name}{ending}"
                if path.is_file():
                    return path
    prefix = f"{first}/" if first else ""
    known = [one.removeprefix(prefix) for one in _known()]
    near = difflib.get_close_matches(name.removeprefix(prefix), known, n=1, cutoff=0.5)
    looked = ", ".join(str(place) for place in places)
    hint = f"Did you mean '{near[0]}'?" if near else "Give the path of a recipe."
    raise ConfigError(f"There is no recipe '{name}' (looked in {looked}). {hint}")


def _folders() -> list[Path]:
    """Where recipes lie: ./configs, and the package's, which a wheel carries inside and a clone beside it."""
    package = Path(restore.__file__).parent
    own = next((path for path in (package / "configs", package.parent / "configs") if path.is_dir()), None)
    here = Path("configs")
    if own is None or (here.is_dir() and own.samefile(here)):
        return [here]
    return [here, own]


def _known() -> list[str]:
    """Every recipe's name as it may be given, with .yaml and without."""
    found = {
        path.relative_to(folder)
        for folder in _folders()
        if folder.is_dir()
        for path in folder.rglob("*")
        if path.suffix in _ENDINGS
    }
    return sorted({str(path) for path in found} | {str(path.with_suffix("")) for path in found})
